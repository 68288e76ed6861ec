"""Making, changing, keeping from and removing comparisons. Asking is in `asking`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from chat.models import (
    Column,
    Comparison,
    Conversation,
    Document,
    Message,
    PromptTemplateVersion,
)
from chat.services import branches, context, conversations, shared
from chat.services.context import ChatError
from llmkit.types import GenerationSettings

LEAST, MOST = 2, 4
VARIED = 0.8


@dataclass(frozen=True)
class Setup:
    """What makes a column; see `Column` for use and inputs."""

    model: str = ""
    system_prompt: str = ""
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    template_version: PromptTemplateVersion | None = None
    use: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, column: Column) -> "Setup":
        conversation = column.conversation
        return cls(
            conversation.model,
            conversation.system_prompt,
            conversation.generation_settings,
            column.template_version,
            column.use,
            column.inputs,
        )


def beside(setup: Setup, models: Sequence[str]) -> Setup:
    """A setup worth comparing with: the next model, else the other way of decoding."""
    others = [name for name in models if name != setup.model]
    if others:
        return replace(setup, model=others[0])
    temperature = VARIED if setup.settings.greedy else 0
    return replace(setup, settings=replace(setup.settings, temperature=temperature))


@transaction.atomic
def start(
    *,
    owner: User,
    setups: Sequence[Setup],
    kind: str = Comparison.Kind.COLUMNS,
    question: str = "",
    note: str = "",
    origin: Message | None = None,
    documents: Sequence[Document] = (),
) -> Comparison:
    """A comparison that has not been asked yet. Every column begins with the branch to `origin`."""
    comparison = Comparison.objects.create(
        owner=owner, kind=kind, question=question, note=note, origin=origin
    )
    comparison.documents.set(documents)
    for place, setup in enumerate(setups, start=1):
        _column(comparison, place, setup, origin)
    return comparison


def columns_of(comparison: Comparison) -> list[Column]:
    shown = comparison.columns.shown()
    return list(shown.select_related("conversation__leaf", "template_version__template", "kept"))


@transaction.atomic
def add_column(*, comparison: Comparison) -> Column:
    """One more, like the last; it begins with what the others begin with."""
    columns = columns_of(Comparison.objects.select_for_update().get(pk=comparison.pk))
    if len(columns) >= MOST:
        raise ChatError(f"A comparison has at most {MOST} columns. Remove one first.")
    last = columns[-1]
    return _column(comparison, last.place + 1, Setup.of(last), context_leaf(last))


@transaction.atomic
def remove_column(*, column: Column) -> None:
    """Its conversation is deleted and can be restored for a while; then it is back in place."""
    comparison = Comparison.objects.select_for_update().get(pk=column.comparison_id)
    if comparison.columns.shown().count() <= LEAST:
        raise ChatError(f"A comparison has at least {LEAST} columns. Add another one first.")
    conversations.delete(conversation=column.conversation)


@transaction.atomic
def restore_column(*, column: Column) -> None:
    comparison = Comparison.objects.select_for_update().get(pk=column.comparison_id)
    if comparison.columns.shown().count() >= MOST:
        raise ChatError(f"There are {MOST} columns again. Remove one, then undo.")
    conversations.restore(conversation=column.conversation)


@transaction.atomic
def change(*, column: Column, setup: Setup) -> None:
    """What stands there was made by the old setup and says so; the next question uses this one."""
    conversations.configure(
        conversation=column.conversation,
        model=setup.model,
        system_prompt=setup.system_prompt,
        settings=setup.settings,
    )
    column.template_version = setup.template_version
    column.use, column.inputs = setup.use, setup.inputs
    column.save(update_fields=["template_version", "use", "inputs"])
    _touch(column.comparison)


@transaction.atomic
def keep(*, column: Column) -> Conversation:
    """Go on from this column in a conversation of its own; the comparison stays as it is.

    Keeping the same answer again leads to the conversation that was made the first time.
    """
    leaf = column.conversation.leaf
    if leaf is None or leaf.role != Message.Role.ASSISTANT:
        raise ChatError("There is no answer to keep here yet. Ask this column first.")
    if leaf.generations.live().exists():
        raise ChatError("This answer is still being written. Wait for it or stop it, then keep.")
    if is_kept(column) and column.kept is not None:
        return column.kept
    copy = branches.fork(message=leaf)
    conversations.rename(conversation=copy, title=str(column.comparison))
    column.kept = copy
    column.save(update_fields=["kept"])
    return copy


def is_kept(column: Column) -> bool:
    """Whether the answer that stands in the column now is the one that was kept."""
    kept = column.kept
    return (
        kept is not None
        and kept.deleted_at is None
        and kept.forked_from_id == column.conversation.leaf_id
    )


@transaction.atomic
def delete(*, comparison: Comparison) -> None:
    """Hide it with its columns; what was kept from it stays. Purged as conversations are."""
    Comparison.objects.filter(pk=comparison.pk).update(deleted_at=timezone.now())
    for column in columns_of(comparison):
        conversations.delete(conversation=column.conversation)


@transaction.atomic
def restore(*, comparison: Comparison) -> None:
    """Undo a deletion; columns that had been removed before stay removed."""
    together = Conversation.objects.filter(
        column__comparison=comparison, deleted_at__gte=comparison.deleted_at
    )
    shared.bring_back(together.values_list("pk", flat=True), since=comparison.deleted_at)
    together.update(deleted_at=None)
    Comparison.objects.filter(pk=comparison.pk).update(deleted_at=None)


@transaction.atomic
def purge() -> int:
    """Remove for good what was deleted long enough ago or never asked."""
    old = timezone.now() - conversations.KEEP_DELETED
    gone = Comparison.objects.abandoned() | Comparison.objects.filter(deleted_at__lt=old)
    comparisons = list(gone)
    for comparison in comparisons:
        discard(comparison=comparison)
    return len(comparisons)


@transaction.atomic
def discard(*, comparison: Comparison) -> None:
    """Remove it for good with its columns; what was kept from it stays."""
    columns = Conversation.objects.filter(column__comparison=comparison)
    shared.erase(columns.values_list("pk", flat=True))
    columns.delete()
    comparison.delete()


def context_leaf(column: Column) -> Message | None:
    """Where the first question stands under: the last message of what the column began with."""
    if not column.context:
        return None
    return context.branch(column.conversation.leaf)[column.context - 1]


def _column(comparison: Comparison, place: int, setup: Setup, leaf: Message | None) -> Column:
    conversation = conversations.create_conversation(
        owner=comparison.owner,
        model=setup.model,
        system_prompt=setup.system_prompt,
        settings=setup.settings,
    )
    begun = branches.copy_branch(leaf=leaf, into=conversation)
    return Column.objects.create(
        comparison=comparison,
        conversation=conversation,
        place=place,
        template_version=setup.template_version,
        use=setup.use,
        inputs=setup.inputs,
        context=begun,
    )


def _touch(comparison: Comparison) -> None:
    comparison.save(update_fields=["updated_at"])
