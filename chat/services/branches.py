"""Changing the tree of a conversation: every act leaves a tree whose open leaf exists."""

from collections import defaultdict
from functools import partial
from uuid import UUID, uuid4

from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from chat.models import Attachment, Conversation, Generation, Message
from chat.services import context, documents
from chat.services.conversations import TITLE_LENGTH
from chat.streaming import producer
from feedback.services import chat_votes


@transaction.atomic
def select(*, message: Message) -> None:
    """Open the branch through `message`, down to its newest descendant."""
    Conversation.objects.filter(pk=message.conversation_id).update(leaf=_newest_below(message))


@transaction.atomic
def delete_branch(*, message: Message) -> int:
    """Remove `message` and all that follows from it; returns how many messages went.

    Answers being written in it are stopped; votes on them, and files that no other branch has,
    are removed. If the open leaf goes with it, the newest branch through a sibling is opened, else
    the one that ends at the parent.
    """
    conversation = Conversation.objects.select_for_update().get(pk=message.conversation_id)
    gone = below(message)
    live = list(Generation.objects.live().filter(message__in=gone).values_list("pk", flat=True))
    if conversation.leaf_id in gone:
        conversation.leaf = _instead_of(message)
        conversation.save(update_fields=["leaf", "updated_at"])
    held = list(Attachment.objects.filter(message__in=gone).values_list("document", flat=True))
    chat_votes.erase(messages=gone)
    Message.objects.filter(pk__in=gone).delete()
    documents.release(documents=held)
    for generation_id in live:
        transaction.on_commit(partial(async_to_sync(producer.cancel), str(generation_id)))
    return len(gone)


@transaction.atomic
def fork(*, message: Message) -> Conversation:
    """A new conversation that begins with a copy of the branch that ends at `message`."""
    origin = message.conversation
    copy = Conversation.objects.create(
        owner=origin.owner,
        title=f"{origin.title[:TITLE_LENGTH]} (fork)",
        model=origin.model,
        system_prompt=origin.system_prompt,
        settings=origin.settings,
        forked_from=message,
    )
    copy_branch(leaf=message, into=copy)
    return copy


@transaction.atomic
def copy_branch(*, leaf: Message | None, into: Conversation) -> int:
    """Begin an empty conversation with a copy of a branch; returns how many messages it has."""
    path = context.branch(leaf)
    parent: Message | None = None
    for step in path:
        parent = _copied(step, into, parent)
    into.leaf = parent
    into.save(update_fields=["leaf"])
    return len(path)


def below(message: Message) -> set[int]:
    """`message` and everything that follows from it."""
    children = _children(message.conversation_id)
    found, unseen = {message.pk}, [message.pk]
    while unseen:
        unseen = [child for parent in unseen for child in children[parent]]
        found.update(unseen)
    return found


def _children(conversation_id: UUID) -> dict[int, list[int]]:
    """Children by parent, oldest first."""
    children: dict[int, list[int]] = defaultdict(list)
    pairs = Message.objects.filter(conversation=conversation_id, parent__isnull=False)
    for child, parent in pairs.order_by("id").values_list("id", "parent_id"):
        children[parent].append(child)
    return children


def _newest_below(message: Message) -> int:
    children = _children(message.conversation_id)
    leaf = message.pk
    while children[leaf]:
        leaf = children[leaf][-1]
    return leaf


def _instead_of(message: Message) -> Message | None:
    """The leaf to open once `message` is gone."""
    siblings = Message.objects.filter(
        conversation=message.conversation_id, parent=message.parent_id
    ).exclude(pk=message.pk)
    newest = siblings.order_by("-id").first()
    return Message.objects.get(pk=_newest_below(newest)) if newest else message.parent


def _copied(message: Message, into: Conversation, parent: Message | None) -> Message:
    """The message with what made it; an answer still being written is copied as it stands."""
    made = message.generations.order_by("created_at").last()
    text = message.text
    if made is not None and made.is_live:
        chunks = list(made.chunks.all())
        text += "".join(chunk.text for chunk in chunks)
        made.tokens = [token for chunk in chunks for token in chunk.tokens]
    copy = Message.objects.create(
        conversation=into,
        parent=parent,
        role=message.role,
        text=text,
        contribution=message.contribution,
        template_version=message.template_version,
        template_use=message.template_use,
    )
    documents.attach(documents=[a.document for a in message.attachments.all()], message=copy)
    if made is not None:
        _copy_facts(made, copy)
    return copy


def _copy_facts(made: Generation, onto: Message) -> None:
    if made.is_live:
        made.state, made.finish_reason, made.ended_at = "stopped", "cancelled", timezone.now()
    made.pk = uuid4()
    made._state.adding = True
    made.message, made.dropped = onto, []
    made.save(force_insert=True)
