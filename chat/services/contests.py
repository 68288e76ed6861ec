"""Which answers may be voted on together, and the prompt they all answer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from chat.models import Column, Comparison, Generation, Message
from chat.services import context
from chat.services.fitting import Turn, flatten, rounds
from feedback.services.chat_votes import Asked
from feedback.services.tasks import NewAnswer
from llmkit.types import ChatMessage

MOST = 9
Made = Mapping[int, Generation]


@dataclass(frozen=True)
class Contest:
    """Answers to one prompt, the oldest first; `name` is their place in the chat."""

    name: str
    answers: list[Message]

    @property
    def texts(self) -> list[str]:
        return [answer.text for answer in self.answers]


def may_be_voted_on(message: Message, made: Generation | None) -> bool:
    """A finished answer that a model gave here."""
    written = made is not None and not made.is_live and bool(message.text.strip())
    return written and message.role == Message.Role.ASSISTANT


def alone(answer: Message) -> Contest:
    return Contest(f"answer:{answer.pk}", [answer])


def among(siblings: Sequence[Message], made: Made) -> Contest | None:
    """Answers to the same turn; None while one is being written or all say the same.

    Of more than MOST the newest are taken.
    """
    if any(m.pk in made and made[m.pk].is_live for m in siblings):
        return None
    parents = {m.parent_id for m in siblings}
    found = different(m for m in siblings if may_be_voted_on(m, made.get(m.pk)))
    return Contest(f"turn:{parents.pop()}", found[-MOST:]) if len(found) > 1 else None


def different(answers: Iterable[Message]) -> list[Message]:
    """Without those that say what an earlier one says."""
    return list({answer.text: answer for answer in reversed(list(answers))}.values())[::-1]


def siblings_of(answer: Message) -> Contest | None:
    if answer.role != Message.Role.ASSISTANT or answer.parent_id is None:
        return None
    siblings = list(Message.objects.filter(parent=answer.parent_id).order_by("pk"))
    return among(siblings, newest_made(siblings))


def of_columns(comparison: Comparison) -> Contest | None:
    """The newest answers of all columns, where they answer the same question."""
    columns = shown_columns(comparison)
    answers = [c.conversation.leaf for c in columns if c.conversation.leaf]
    made = newest_made(answers)
    finished = [answer for answer in answers if may_be_voted_on(answer, made.get(answer.pk))]
    found = different(finished)
    if len(finished) < len(columns) or len(found) < 2 or not same_above(columns):
        return None
    return Contest(f"comparison:{comparison.pk}", found)


def went_apart(comparison: Comparison) -> bool:
    """Whether every column has a finished answer, to other turns than the others'."""
    columns = shown_columns(comparison)
    answers = [c.conversation.leaf for c in columns if c.conversation.leaf]
    made = newest_made(answers)
    finished = all(may_be_voted_on(answer, made.get(answer.pk)) for answer in answers)
    return finished and len(answers) == len(columns) and not same_above(columns)


def shown_columns(comparison: Comparison) -> list[Column]:
    return list(comparison.columns.shown().select_related("conversation__leaf__parent"))


def same_above(columns: Sequence[Column]) -> bool:
    """Whether people would read the same turns above each column's newest answer."""
    read = [
        [(m.role, m.text) for m in context.branch(column.conversation.leaf)[:-1]]
        for column in columns
    ]
    return all(turns == read[0] for turns in read)


def newest_made(answers: Collection[Message]) -> dict[int, Generation]:
    made = Generation.objects.filter(message__in=answers).order_by("created_at")
    return {generation.message_id: generation for generation in made}


def asked(contest: Contest) -> Asked:
    """The prompt that was sent for every answer; where they differ, the turns that one reads."""
    prompts = [sent(made) for made in newest_made(contest.answers).values()]
    first = prompts[0] if prompts else []
    same = bool(first) and all(prompt == first for prompt in prompts)
    return Asked(contest.name, first if same else read_above(contest.answers[0]))


def sent(made: Generation) -> list[dict[str, str]]:
    """Without what it had written before, where it went on from that."""
    prompt: list[dict[str, str]] = made.prompt
    return prompt[:-1] if prompt and prompt[-1]["role"] == "assistant" else prompt


def read_above(answer: Message) -> list[dict[str, str]]:
    """The person's words with their files, and the answers between them, as they stand above."""
    turns = [as_read(message) for message in context.branch(answer)[:-1]]
    return [asdict(message) for message in flatten("", rounds(turns))]


def as_read(message: Message) -> Turn:
    plain = [ChatMessage(message.role, message.text)]  # type: ignore[arg-type]
    return replace(context.as_turn(message), messages=plain)


def as_answers(contest: Contest) -> list[NewAnswer]:
    made = newest_made(contest.answers)
    return [NewAnswer(m.text, source_of(m, made[m.pk])) for m in contest.answers]


def source_of(answer: Message, made: Generation) -> dict[str, Any]:
    """The fields of `feedback.models.CandidateSource`."""
    return {
        "model": made.model,
        "settings": made.settings,
        "seed": made.settings.get("seed"),
        "message": answer.pk,
        "template_version": answer.parent.template_version_id if answer.parent else None,
        "tokens": made.completion_tokens,
        "finish_reason": made.finish_reason,
    }
