"""A branch as the page shows it: messages with their siblings and what made them."""

from collections import defaultdict
from dataclasses import dataclass

from chat.models import Conversation, Generation, Message


@dataclass(frozen=True)
class Shown:
    """One message on the open branch. `number` of `count` counts its siblings from 1."""

    message: Message
    generation: Generation | None
    siblings: list[int]

    @property
    def number(self) -> int:
        return self.siblings.index(self.message.pk) + 1

    @property
    def count(self) -> int:
        return len(self.siblings)

    @property
    def previous(self) -> int | None:
        return self.siblings[self.number - 2] if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.siblings[self.number] if self.number < self.count else None

    @property
    def is_live(self) -> bool:
        return self.generation is not None and self.generation.is_live

    @property
    def can_continue(self) -> bool:
        """Cut off rather than ended: by length, by a stop, or by a fault."""
        g = self.generation
        cut = g is not None and (
            g.finish_reason == "length" or g.state in {"stopped", "interrupted"}
        )
        return cut and bool(self.message.text)


def _made_by(conversation: Conversation) -> dict[int, Generation]:
    """The newest generation of each message."""
    made = Generation.objects.filter(message__conversation=conversation).order_by("created_at")
    made = made.defer("beginning", "tokens")
    return {generation.message_id: generation for generation in made}


def shown_branch(conversation: Conversation) -> list[Shown]:
    """The open branch from its root; two queries however long it is.

    Generations are read first: the text of one that has ended is then surely whole.
    """
    if conversation.leaf_id is None:
        return []
    made_by = _made_by(conversation)
    messages = conversation.messages.select_related(
        "template_version__template", "parent__template_version__template"
    )
    by_id = {m.pk: m for m in messages}
    siblings: dict[int | None, list[int]] = defaultdict(list)
    for message in by_id.values():
        siblings[message.parent_id].append(message.pk)
    path: list[Shown] = []
    step: int | None = conversation.leaf_id
    while step is not None:
        path.append(Shown(by_id[step], made_by.get(step), siblings[by_id[step].parent_id]))
        step = by_id[step].parent_id
    return path[::-1]


def shown(message: Message) -> Shown:
    """One message by itself, for its own fragment."""
    siblings = Message.objects.filter(
        conversation=message.conversation_id, parent=message.parent_id
    ).values_list("pk", flat=True)
    return Shown(message, message.generations.order_by("created_at").last(), list(siblings))
