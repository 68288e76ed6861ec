"""From a branch of messages to the turns and the prompt that an answer is made from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from chat.models import Conversation, Document, Generation, Message
from chat.services.enclosing import Enclosure
from chat.services.fitting import Fit, Turn, fit, flatten, rounds, surely_whole
from llmkit.types import ChatMessage
from training import engines

UNMEASURED = 20_000


class ChatError(Exception):
    """The request can't be done; the text says why and what to do, and nothing was changed."""


def branch_is_gone() -> ChatError:
    return ChatError("This branch was deleted in another tab. Reload the page.")


@dataclass(frozen=True)
class Beginning:
    """The ids an answer begins with. Only `model` understands them, so it goes on with that."""

    model: str
    tokens: list[int]

    @classmethod
    def of(cls, generation: Generation) -> "Beginning | None":
        """What a generation goes on from, if it goes on from tokens."""
        return cls(generation.model, generation.beginning) if generation.beginning else None


def branch(leaf: Message | None) -> list[Message]:
    """The messages from the root to `leaf` with their documents; ChatError if it was deleted."""
    if leaf is None:
        return []
    by_id = {m.pk: m for m in Message.objects.filter(conversation=leaf.conversation_id)}
    path: list[Message] = []
    step: int | None = leaf.pk
    while step is not None:
        if step not in by_id:
            raise branch_is_gone()
        path.append(by_id[step])
        step = by_id[step].parent_id
    prefetch_related_objects(path, "attachments__document")
    return path[::-1]


def as_turn(message: Message, documents: Sequence[Document] | None = None) -> Turn:
    """A message as its turn: a template's contribution where it has one, else its text.

    `documents` are those of a message that is not saved yet.
    """
    raw = message.contribution or [{"role": message.role, "content": message.text}]
    if documents is None:
        documents = [a.document for a in message.attachments.all()] if message.pk else []
    enclosed = tuple(Enclosure(str(d.pk), d.name, d.text) for d in documents)
    return Turn(message.pk, message.role, [ChatMessage(**part) for part in raw], enclosed)


def turns_of(messages: Iterable[Message]) -> list[Turn]:
    """Turns that say something: an answer that failed before its first word is left out."""
    return [as_turn(m) for m in messages if m.contribution or m.text.strip()]


def leading_to(message: Message | None) -> list[Turn]:
    """The turns an answer to (or a continuation of) `message` is made from.

    A template's prompt is complete in itself: a turn that says `alone` forgets what came before.
    """
    path = branch(message)
    asked = [i for i, m in enumerate(path) if m.role == Message.Role.USER]
    if asked and is_alone(path[asked[-1]]):
        path = path[asked[-1] :]
    return turns_of(path)


def is_alone(message: Message) -> bool:
    return bool((message.template_use or {}).get("alone"))


def before(message: Message) -> list[Turn]:
    """The turns that an unsaved message follows on from."""
    return [] if is_alone(message) else turns_of(branch(message.parent))


async def text_of(beginning: Beginning) -> str:
    """The whole characters that an answer shows once it has these tokens."""
    client = await engines.client_for(beginning.model)
    text = await client.detokenize(beginning.model, beginning.tokens)
    return text.replace("\x00", "\ufffd")


async def fit_branch(
    conversation: Conversation,
    turns: Sequence[Turn],
    *,
    continue_final: bool = False,
    beginning: Beginning | None = None,
) -> Fit:
    """`fit` with a conversation's own system prompt and settings, and its model where the
    beginning does not bind the answer to another."""
    names = await engines.models()
    return await fit(
        model=beginning.model if beginning else engines.preferred(names, conversation.model),
        system=conversation.system_prompt,
        turns=turns,
        settings=conversation.generation_settings,
        continue_final=continue_final,
        beginning=beginning.tokens if beginning else (),
    )


def fit_surely(conversation: Conversation, turns: Sequence[Turn]) -> Fit | None:
    """The whole prompt where no count is needed to know that it fits."""
    if not conversation.model:
        return None
    return surely_whole(
        model=conversation.model,
        system=conversation.system_prompt,
        turns=turns,
        settings=conversation.generation_settings,
    )


def unmeasured(
    conversation: Conversation, turns: Sequence[Turn], beginning: Beginning | None = None
) -> Fit:
    """The whole prompt, to be cut once an engine can count its tokens."""
    begun = beginning or Beginning(engines.preferred([], conversation.model), [])
    messages = flatten(conversation.system_prompt, rounds(turns), limit=UNMEASURED)
    return Fit(begun.model, messages, estimate=True, is_measured=False, beginning=begun.tokens)
