"""Sending, regenerating, continuing and stopping: what puts answers into the tree."""

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from asgiref.sync import async_to_sync
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.models import Conversation, Document, Generation, Message, PromptTemplateVersion
from chat.services import context
from chat.services.context import Beginning, ChatError
from chat.services.conversations import title_from
from chat.services.documents import attach
from chat.streaming import producer
from llmkit.identity import identity
from llmkit.types import EngineError, GenerationSettings

MAX_TEXT = 1_200_000
SEEDS = 2**31
SUGGESTED = ("Summarise this document.", "Summarise these documents.")
COUNT_SECONDS = 3.0
CHARACTERS_PER_SECOND = 50_000


@dataclass(frozen=True)
class UserTurn:
    """What a person sends: their text and files, and what a template made of it."""

    text: str
    contribution: list[dict[str, str]] | None = None
    template_version: PromptTemplateVersion | None = None
    template_use: dict[str, Any] | None = None
    documents: Sequence[Document] = ()

    @property
    def subject(self) -> str:
        """What a conversation that begins with it is about."""
        asks_only = self.text.strip() in SUGGESTED and self.documents
        return self.documents[0].name if asks_only else self.text

    def as_turn(self, unsaved: Message) -> context.Turn:
        return context.as_turn(unsaved, self.documents)

    def unsaved(self, conversation: Conversation, parent: Message | None) -> Message:
        return Message(
            conversation=conversation,
            parent=parent,
            role=Message.Role.USER,
            text=self.text,
            contribution=self.contribution,
            template_version=self.template_version,
            template_use=self.template_use,
        )


def send(
    *,
    conversation: Conversation,
    turn: UserTurn,
    parent: Message | None,
    seed: int | None = None,
    fit: context.Fit | None = None,
) -> Message:
    """Add a person's turn under `parent` and start the answer; returns the answer's message.

    `conversation` may be unsaved: it is created with its first message, in one transaction.
    `seed` is drawn with where the conversation's settings leave it open; `fit` is what `fit_all`
    gave for `turns_to_send`, where several are asked at once.
    """
    if not turn.text.strip() and not turn.contribution:
        about = f", for example: {SUGGESTED[0]}" if turn.documents else " first."
        raise ChatError(f"Write a message{about}")
    if len(turn.text) > MAX_TEXT:
        raise ChatError(f"This message is longer than {MAX_TEXT:,} characters. Shorten it.")
    if parent is not None and parent.generations.live().exists():
        raise ChatError("The answer is still being written. Wait for it or stop it, then send.")
    asked = turn.unsaved(conversation, parent)
    fit = fit or _fit(conversation, turns_to_send(asked, turn))
    with _in_the_tree():
        _save_with_title(conversation, turn.subject)
        asked.save()
        attach(documents=turn.documents, message=asked)
        answer = _answer_under(asked)
        _start(answer, fit, seed=seed)
    return answer


def turns_to_send(asked: Message, turn: UserTurn) -> list[context.Turn]:
    """What the answer to an unsaved turn is made from."""
    return [*context.before(asked), turn.as_turn(asked)]


def edit(*, message: Message, turn: UserTurn) -> Message:
    """Ask again with another wording, beside the first one; returns the answer's message."""
    if message.role != Message.Role.USER:
        raise ChatError("Only what you wrote can be edited. Regenerate an answer instead.")
    return send(conversation=message.conversation, turn=turn, parent=message.parent)


def regenerate(
    *, answer: Message, seed: int | None = None, fit: context.Fit | None = None
) -> Message:
    """A new sibling of `answer`, from the same turn with the conversation's present settings."""
    asked = answer.parent
    if asked is None or answer.role != Message.Role.ASSISTANT:
        raise ChatError("Only a model's answer can be regenerated.")
    fit = fit or _fit(answer.conversation, context.leading_to(asked))
    with _in_the_tree():
        sibling = _answer_under(asked)
        _start(sibling, fit, seed=seed)
    return sibling


def continue_answer(*, answer: Message) -> None:
    """Go on writing an answer that was cut, in the same message."""
    if answer.role != Message.Role.ASSISTANT or not answer.text:
        raise ChatError("There is no text to continue. Regenerate the answer instead.")
    fit = _fit_rest(answer)
    try:
        with transaction.atomic():
            _begin_with(answer, fit)
            _start(answer, fit)
    except IntegrityError as error:
        raise ChatError("This answer is being written already.") from error


def begin_beside(*, answer: Message, fit: context.Fit, settings: GenerationSettings) -> Message:
    """A new sibling of `answer` that begins with the fit's tokens and goes on from them."""
    asked = answer.parent
    if asked is None or answer.role != Message.Role.ASSISTANT:
        raise ChatError("Only a model's answer can branch at a token.")
    with _in_the_tree():
        sibling = _answer_under(asked)
        _begin_with(sibling, fit)
        _start(sibling, fit, settings)
    return sibling


def stop(*, answer: Message) -> None:
    """Ask for the answer's end; the engine is told at once, whichever process is listening."""
    live = list(answer.generations.live())
    answer.generations.live().update(cancel_requested=True)
    for generation in live:
        async_to_sync(producer.cancel)(str(generation.pk))


@contextmanager
def _in_the_tree() -> Iterator[None]:
    """One transaction; a branch that another tab deleted meanwhile is told, not grown."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise context.branch_is_gone() from error


def _fit_rest(answer: Message) -> context.Fit:
    """To go on with an answer that was cut: from its tokens where the same model knows them."""
    made = answer.generations.last()
    cut = made is not None and made.finish_reason != "stop"
    if made and cut and made.answer_tokens and answer.conversation.model in {"", made.model}:
        beginning = Beginning(made.model, made.answer_tokens)
        return _fit(answer.conversation, context.leading_to(answer.parent), beginning=beginning)
    return _fit(answer.conversation, context.leading_to(answer), continues=True)


def _fit(
    conversation: Conversation,
    turns: Sequence[context.Turn],
    *,
    continues: bool = False,
    beginning: Beginning | None = None,
) -> context.Fit:
    """The prompt cut to the window; where no engine counts in time the producer does it later.

    One that surely fits is not counted: the first word would wait for that.
    """
    return async_to_sync(_fitted)(conversation, turns, continues, beginning)


def fit_all(
    prompts: Sequence[tuple[Conversation, Sequence[context.Turn]]],
) -> list[context.Fit | ChatError]:
    """Each prompt cut to its window, all counted at once: a server that hangs delays them once."""

    async def together() -> list[Any]:
        counted = (_fitted(conversation, turns) for conversation, turns in prompts)
        return await asyncio.gather(*counted, return_exceptions=True)

    found = async_to_sync(together)()
    for result in found:
        if not isinstance(result, context.Fit | ChatError):
            raise result
    return found


async def _fitted(
    conversation: Conversation,
    turns: Sequence[context.Turn],
    continues: bool = False,
    beginning: Beginning | None = None,
) -> context.Fit:
    if beginning is None and (sure := context.fit_surely(conversation, turns)):
        return sure
    try:
        return await _fit_in_time(conversation, turns, continues, beginning)
    except TimeoutError:
        return context.unmeasured(conversation, turns, beginning)
    except EngineError as error:
        if error.code in {"too_long", "invalid"}:
            raise ChatError(str(error)) from error
        return context.unmeasured(conversation, turns, beginning)


async def _fit_in_time(
    conversation: Conversation,
    turns: Sequence[context.Turn],
    continues: bool,
    beginning: Beginning | None,
) -> context.Fit:
    size = sum(turn.size for turn in turns)
    async with asyncio.timeout(COUNT_SECONDS + size / CHARACTERS_PER_SECOND):
        fit = await context.fit_branch(
            conversation, turns, continue_final=continues, beginning=beginning
        )
        return replace(fit, begun=await context.text_of(beginning)) if beginning else fit


def _save_with_title(conversation: Conversation, text: str) -> None:
    """Where it needs saving: its answer's place in the tree is told anyway."""
    is_named = bool(conversation.title)
    conversation.title = conversation.title or title_from(text)
    if conversation._state.adding:
        conversation.save()
    elif not is_named:
        conversation.save(update_fields=["title"])


def _answer_under(asked: Message) -> Message:
    answer = Message.objects.create(
        conversation=asked.conversation, parent=asked, role=Message.Role.ASSISTANT
    )
    Conversation.objects.filter(pk=asked.conversation_id).update(
        leaf=answer, updated_at=timezone.now()
    )
    asked.conversation.leaf = answer
    return answer


def drawn_seed() -> int:
    return secrets.randbelow(SEEDS)


def _seeded(settings: GenerationSettings, seed: int | None) -> GenerationSettings:
    if settings.seed is not None:
        return settings
    return settings.with_seed(drawn_seed() if seed is None else seed)


def _begin_with(answer: Message, fit: context.Fit) -> None:
    """Give the answer the text of the tokens it goes on from: whole characters only.

    A cut answer may show a replacement character where the first part of one was cut off.
    """
    if fit.begun is not None and fit.begun != answer.text:
        answer.text = fit.begun
        answer.save(update_fields=["text"])


def _start(
    answer: Message,
    fit: context.Fit,
    settings: GenerationSettings | None = None,
    *,
    seed: int | None = None,
) -> Generation:
    """`settings` None: the conversation's; `seed` None: a new one, where they leave it open."""
    settings = settings or answer.conversation.generation_settings
    generation = Generation.objects.create(
        message=answer,
        start=len(answer.text),
        model=fit.model,
        settings=_seeded(settings, seed).to_dict(),
        prompt=[asdict(message) for message in fit.messages],
        fitted=fit.is_measured,
        dropped=fit.dropped,
        beginning=fit.beginning,
        cuts=fit.cuts,
        prompt_tokens=None if fit.estimate else fit.tokens,
        producer=identity(),
    )
    transaction.on_commit(lambda: async_to_sync(producer.start)(generation))
    return generation
