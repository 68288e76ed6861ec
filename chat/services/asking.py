"""Asking the columns of a comparison: all at once, with one seed, each failing by itself."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from chat.models import Column, Comparison, Conversation, Document, Generation, Message
from chat.services import answers, context
from chat.services.answers import UserTurn
from chat.services.comparisons import columns_of, context_leaf
from chat.services.context import ChatError
from chat.services.conversations import title_from
from chat.services.fitting import Fit, Turn
from chat.services.prompt_templates import render_turn
from llmkit.prompts import PromptTemplateError
from llmkit.types import EngineError


@dataclass(frozen=True)
class Question:
    """What a column is about to be asked: `turn` under `parent`, or `answer` once more."""

    conversation: Conversation
    turns: Sequence[Turn]
    turn: UserTurn | None = None
    parent: Message | None = None
    answer: Message | None = None

    @classmethod
    def of(cls, conversation: Conversation, turn: UserTurn, parent: Message | None) -> "Question":
        asked = turn.unsaved(conversation, parent)
        return cls(conversation, answers.turns_to_send(asked, turn), turn, parent)

    def ask(self, seed: int, fit: Fit | None = None) -> Message:
        if self.answer is not None:
            return answers.regenerate(answer=self.answer, seed=seed, fit=fit)
        if self.turn is None:
            raise ValueError("a question without a turn")
        conversation, turn, parent = self.conversation, self.turn, self.parent
        return answers.send(conversation=conversation, turn=turn, parent=parent, seed=seed, fit=fit)


Plan = Callable[[Column], Question]


def ask(*, comparison: Comparison, text: str) -> None:
    """The first question, or a follow-up, to every column. Seeds that settings leave open are one
    and the same, so that only what differs between the columns makes their answers differ.

    Raises ChatError, and changes nothing, where no column can be asked; where only some can't,
    their `error` says why.
    """
    if not text.strip():
        raise ChatError("Write a question first.")
    files = waiting(comparison)
    _each(columns_of(comparison), lambda column: _next(column, text, files))
    if comparison.asked_at is None:
        comparison.question, comparison.title = text, title_from(text)
        comparison.asked_at = timezone.now()
    comparison.save()


def ask_again(*, comparison: Comparison) -> None:
    """The latest question of each column once more, beside its last answer, by the setup it has
    now; columns that were never asked get the first question."""
    _each(columns_of(comparison), _again)
    comparison.save(update_fields=["updated_at"])


def ask_column(*, column: Column) -> None:
    """`ask_again` for one column, with the seed of the others where they share one."""
    others = columns_of(column.comparison)
    _refuse_while_writing([column])
    seed = shared_seed(others)
    _again(column).ask(answers.drawn_seed() if seed is None else seed)


def stop(*, comparison: Comparison) -> None:
    for answer in _live(columns_of(comparison)):
        answers.stop(answer=answer)


def shared_seed(columns: Iterable[Column]) -> int | None:
    """The seed that all sampled newest answers were drawn with; None where they differ."""
    leaves = [column.conversation.leaf_id for column in columns]
    made = Generation.objects.filter(message__in=leaves).order_by("created_at")
    newest = {generation.message_id: generation.generation_settings for generation in made}
    seeds = {settings.seed for settings in newest.values() if not settings.greedy}
    return seeds.pop() if len(seeds) == 1 else None


def waiting(comparison: Comparison) -> list[Document]:
    """The files that go with the first question, until it is asked."""
    return [] if comparison.asked_at else list(comparison.documents.all())


def turn_for(column: Column, text: str, documents: Sequence[Document] = ()) -> UserTurn:
    """The question as this column asks it: plain, or through its template. Raises ChatError."""
    version = column.template_version
    if version is None:
        return UserTurn(text, documents=documents)
    inputs = {**column.inputs, question_field(version.spec): text}
    try:
        made = render_turn(version=version, inputs=inputs, use=column.use)
    except (PromptTemplateError, EngineError) as error:
        raise ChatError(str(error)) from error
    use = {**made.use, "alone": True}
    return UserTurn(text, made.messages, version, use, documents)


def question_field(spec: dict[str, Any]) -> str:
    """The field of a template that the question goes into: the one with room for a long text."""
    fields = spec["fields"]
    roomy = [field["name"] for field in fields if field["multiline"]]
    open_ones = [field["name"] for field in fields if field["default"] is None]
    name: str = (roomy or open_ones or [fields[0]["name"]])[0]
    return name


def _each(columns: list[Column], plan: Plan) -> None:
    """One after the other, but for their counts, which servers make side by side."""
    _refuse_while_writing(columns)
    seed = answers.drawn_seed()
    planned = [_tried(plan, column) for column in columns]
    questions = [question for question in planned if isinstance(question, Question)]
    fits = iter(answers.fit_all([(q.conversation, q.turns) for q in questions]))
    for column, question in zip(columns, planned, strict=True):
        column.error = str(question) if isinstance(question, ChatError) else ""
        if isinstance(question, Question):
            column.error = _asked(question, next(fits), seed)
    if all(column.error for column in columns):
        raise ChatError(columns[0].error)
    Column.objects.bulk_update(columns, ["error"])


def _tried(plan: Plan, column: Column) -> Question | ChatError:
    try:
        return plan(column)
    except ChatError as error:
        return error


def _asked(question: Question, fit: Fit | ChatError, seed: int) -> str:
    """Start its answer; the sentence that says why not, or nothing."""
    if isinstance(fit, ChatError):
        return str(fit)
    try:
        question.ask(seed, fit)
    except ChatError as error:
        return str(error)
    return ""


def _next(column: Column, text: str, documents: Sequence[Document]) -> Question:
    """Under the newest answer; under what the column began with where there is none."""
    if column.comparison.asked_at is not None and _last_asked(column) is None:
        raise ChatError("This column was added later. Ask it the first question before this one.")
    conversation = column.conversation
    return Question.of(conversation, turn_for(column, text, documents), conversation.leaf)


def _again(column: Column) -> Question:
    """Another answer to the same turn where the setup makes the same turn, else a new one."""
    asked = _last_asked(column)
    text = asked.text if asked else column.comparison.question
    parent = asked.parent if asked else context_leaf(column)
    turn = turn_for(column, text, _documents(column, asked))
    leaf = column.conversation.leaf
    if asked and leaf and leaf.parent_id == asked.pk and turn.contribution == asked.contribution:
        return Question(column.conversation, context.leading_to(asked), answer=leaf)
    return Question.of(column.conversation, turn, parent)


def _documents(column: Column, asked: Message | None) -> list[Document]:
    """The files of a question; those of the first one where the column has not been asked."""
    if asked is None:
        return list(column.comparison.documents.all())
    return [attachment.document for attachment in asked.attachments.select_related("document")]


def _last_asked(column: Column) -> Message | None:
    """The newest question on the column's branch, behind what the column began with."""
    asked = context.branch(column.conversation.leaf)[column.context :]
    return next((m for m in reversed(asked) if m.role == Message.Role.USER), None)


def _live(columns: Iterable[Column]) -> list[Message]:
    conversations = [column.conversation_id for column in columns]
    live = Generation.objects.live().filter(message__conversation__in=conversations)
    return [generation.message for generation in live.select_related("message")]


def _refuse_while_writing(columns: Iterable[Column]) -> None:
    if _live(columns):
        raise ChatError("An answer is still being written. Wait for it or stop it, then ask.")
