"""Making, naming, keeping and removing conversations."""

from datetime import timedelta
from functools import partial

from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from chat.models import Conversation, Generation, Preset
from chat.services import shared
from chat.streaming import producer
from llmkit.types import GenerationSettings

TITLE_LENGTH = 60
KEEP_DELETED = timedelta(days=30)


def title_from(text: str) -> str:
    """The first line of the first message, cut at a word."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def create_conversation(
    *, owner: User, model: str = "", system_prompt: str = "", settings: GenerationSettings
) -> Conversation:
    return Conversation.objects.create(
        owner=owner, model=model, system_prompt=system_prompt, settings=settings.to_dict()
    )


def rename(*, conversation: Conversation, title: str) -> None:
    conversation.title = title.strip()[:200]
    conversation.save(update_fields=["title", "updated_at"])


def set_pinned(*, conversation: Conversation, pinned: bool) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(pinned=pinned)


@transaction.atomic
def delete(*, conversation: Conversation) -> int:
    """Hide it for KEEP_DELETED, after which it is purged; answers being written are stopped.

    Returns how many votes on its answers count no more.
    """
    Conversation.objects.filter(pk=conversation.pk).update(deleted_at=timezone.now())
    votes = shared.withdraw([conversation.pk])
    live = Generation.objects.live().filter(message__conversation=conversation)
    for key in list(live.values_list("pk", flat=True)):
        transaction.on_commit(partial(async_to_sync(producer.cancel), str(key)))
    live.update(cancel_requested=True)
    return votes


@transaction.atomic
def restore(*, conversation: Conversation) -> None:
    shared.bring_back([conversation.pk], since=conversation.deleted_at)
    Conversation.objects.filter(pk=conversation.pk).update(deleted_at=None)


@transaction.atomic
def purge_deleted() -> int:
    """Remove for good what was deleted long enough ago; returns how many conversations."""
    old = Conversation.objects.filter(deleted_at__lt=timezone.now() - KEEP_DELETED)
    keys = list(old.values_list("pk", flat=True))
    shared.erase(keys)
    old.delete()
    return len(keys)


def configure(
    *, conversation: Conversation, model: str, system_prompt: str, settings: GenerationSettings
) -> None:
    conversation.model = model
    conversation.system_prompt = system_prompt
    conversation.settings = settings.to_dict()
    conversation.save(update_fields=["model", "system_prompt", "settings", "updated_at"])


def save_preset(*, owner: User, name: str, settings: GenerationSettings) -> Preset:
    """Keep settings under a name; the same name again replaces them."""
    preset, _ = Preset.objects.update_or_create(
        owner=owner, name=name.strip(), defaults={"settings": settings.to_dict()}
    )
    return preset
