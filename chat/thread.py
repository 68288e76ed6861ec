"""A branch as the page shows it: messages with their siblings and what made them."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from accounts.models import User
from chat.models import Attachment, Column, Conversation, Document, Generation, Message
from chat.services.reward_lens import judge_of
from chat.voting import Votes, votes_on_branch
from training import engines


@dataclass(frozen=True)
class ShownFile:
    """A file on a person's turn. `cut` is what was sent of it for the answer whose id is
    `seen_by`: the turn's own id where there is none yet."""

    document: Document
    cut: dict[str, Any] | None
    seen_by: int


@dataclass(frozen=True)
class Shown:
    """One message on the open branch. `number` of `count` counts its siblings from 1.

    `answered` is what made the answer to a person's turn; `votes` are there where an answer may
    be voted on. `judge` is the name of the reward model that looks on, if one does.
    """

    message: Message
    generation: Generation | None
    siblings: list[int]
    answered: Generation | None = None
    votes: Votes | None = None
    judge: str = ""

    @property
    def files(self) -> list[ShownFile]:
        cuts = {cut["document"]: cut for cut in self.answered.cuts} if self.answered else {}
        seen_by = self.answered.message_id if self.answered else self.message.pk
        return [
            ShownFile(a.document, cuts.get(str(a.document_id)), seen_by)
            for a in self.message.attachments.all()
        ]

    @property
    def earlier_cuts(self) -> list[dict[str, Any]]:
        """For an answer: what was sent in part of files that came with earlier turns."""
        if self.generation is None or not self.generation.cuts or self.message.parent is None:
            return []
        own = {str(a.document_id) for a in self.message.parent.attachments.all()}
        return [cut for cut in self.generation.cuts if cut["document"] not in own]

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
    def by_plain_server(self) -> bool:
        """Whether the answer came from a server that can neither continue nor show its odds."""
        return self.generation is not None and engines.is_plain(self.generation.model)

    @property
    def can_continue(self) -> bool:
        """Cut off rather than ended: by length, by a stop, or by a fault."""
        g = self.generation
        cut = g is not None and (
            g.finish_reason == "length" or g.state in {"stopped", "interrupted"}
        )
        return cut and bool(self.message.text) and not self.by_plain_server

    @property
    def has_lens(self) -> bool:
        written = self.message.text or (self.generation and self.generation.completion_tokens)
        return bool(written) and not self.by_plain_server


FILES = Prefetch(
    "attachments",
    Attachment.objects.select_related("document").defer("document__text"),
)


def _made_by(conversation: Conversation) -> dict[int, Generation]:
    """The newest generation of each message."""
    made = Generation.objects.filter(message__conversation=conversation).order_by("created_at")
    made = made.defer("beginning", "tokens")
    return {generation.message_id: generation for generation in made}


def shown_branch(conversation: Conversation) -> list[Shown]:
    """The open branch from its root; a handful of queries however long it is.

    Generations are read first: the text of one that has ended is then surely whole.
    """
    if conversation.leaf_id is None:
        return []
    made_by = _made_by(conversation)
    messages = conversation.messages.select_related("template_version__template")
    by_id = {m.pk: m for m in messages.prefetch_related(FILES)}
    siblings: dict[int | None, list[Message]] = defaultdict(list)
    for message in by_id.values():
        siblings[message.parent_id].append(message)
        message.parent = by_id.get(message.parent_id or 0)
    path = _path(by_id, conversation.leaf_id)
    votes = votes_on_branch(conversation.owner, path, siblings, made_by)
    answers, judge = [*path[1:], None], judge_name(conversation.owner)
    return [
        Shown(
            message,
            made_by.get(message.pk),
            [sibling.pk for sibling in siblings[message.parent_id]],
            made_by.get(answer.pk) if answer else None,
            votes.get(message.pk),
            judge,
        )
        for message, answer in zip(path, answers, strict=True)
    ]


def judge_name(user: User) -> str:
    judge = judge_of(user)
    return judge.name if judge else ""


def _path(by_id: dict[int, Message], leaf: int) -> list[Message]:
    """From the root down to the leaf."""
    path = [by_id[leaf]]
    while (parent := path[-1].parent_id) is not None:
        path.append(by_id[parent])
    return path[::-1]


def shown_thread(conversation: Conversation) -> list[Shown]:
    """The open branch; in a column without what its comparison shows once for all columns."""
    column = Column.objects.filter(conversation=conversation).first()
    return shown_branch(conversation)[column.shared if column else 0 :]


def shown_turn(answer: Message) -> list[Shown]:
    """A turn that was just sent, and its answer of which nothing is written yet."""
    asked = answer.parent
    if asked is None:
        raise ValueError("an answer without a turn")
    prefetch_related_objects([asked], FILES)
    made = answer.generations.get()
    siblings = Message.objects.filter(parent=asked.parent_id, conversation=asked.conversation_id)
    return [
        Shown(asked, None, list(siblings.order_by("pk").values_list("pk", flat=True)), made),
        Shown(answer, made, [answer.pk]),
    ]


def shown(message: Message) -> Shown:
    """One message by itself, for its own fragment."""
    together = {"conversation": message.conversation_id, "parent": message.parent_id}
    siblings = list(Message.objects.filter(**together).order_by("pk"))
    made = Generation.objects.order_by("created_at")
    made_by = {g.message_id: g for g in made.filter(message__in=siblings)}
    answered = made.filter(message__parent=message).last()
    found = votes_on_branch(
        message.conversation.owner, [message], {message.parent_id: siblings}, made_by
    )
    return Shown(
        message,
        made_by.get(message.pk),
        [sibling.pk for sibling in siblings],
        answered,
        found.get(message.pk),
        judge_name(message.conversation.owner),
    )
