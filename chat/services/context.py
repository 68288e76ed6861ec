"""From a branch of messages to the exact prompt, cut to the model's window turn by turn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chat import engines
from chat.models import Conversation, Generation, Message
from llmkit.types import ChatMessage, EngineError, GenerationSettings

CHARACTERS_PER_TOKEN = 4


class ChatError(Exception):
    """The request can't be done; the text says why and what to do, and nothing was changed."""


def branch_is_gone() -> ChatError:
    return ChatError("This branch was deleted in another tab. Reload the page.")


@dataclass(frozen=True)
class Turn:
    """What one message adds to the prompt. Whole turns are dropped, never parts of them."""

    message_id: int | None
    role: str
    messages: list[ChatMessage]


@dataclass(frozen=True)
class Beginning:
    """The ids an answer begins with. Only `model` understands them, so it goes on with that."""

    model: str
    tokens: list[int]

    @classmethod
    def of(cls, generation: Generation) -> "Beginning | None":
        """What a generation goes on from, if it goes on from tokens."""
        return cls(generation.model, generation.beginning) if generation.beginning else None


@dataclass(frozen=True)
class Fit:
    """A prompt that fits, with the tokens of `beginning`, whose text is `begun`, behind it.

    `tokens` and `window` are None where the endpoint cannot count; `estimate` says that `tokens`
    was guessed from the length.
    """

    model: str
    messages: list[ChatMessage]
    dropped: list[int] = field(default_factory=list)
    tokens: int | None = None
    window: int | None = None
    estimate: bool = False
    rendered: str | None = None
    is_measured: bool = True
    beginning: list[int] = field(default_factory=list)
    begun: str | None = None


def branch(leaf: Message | None) -> list[Message]:
    """The messages from the root to `leaf`, read with one query; ChatError if it was deleted."""
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
    return path[::-1]


def as_turn(message: Message) -> Turn:
    """A message as its turn: a template's contribution where it has one, else its text."""
    raw = message.contribution or [{"role": message.role, "content": message.text}]
    return Turn(message.pk, message.role, [ChatMessage(**part) for part in raw])


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


def rounds(turns: Sequence[Turn]) -> list[list[Turn]]:
    """Turns grouped so that each group opens with a person's turn."""
    groups: list[list[Turn]] = []
    for turn in turns:
        if turn.role == Message.Role.USER or not groups:
            groups.append([])
        groups[-1].append(turn)
    return groups


def flatten(system: str, groups: Sequence[Sequence[Turn]]) -> list[ChatMessage]:
    """One system message at most, which many chat templates demand, then the turns."""
    parts = [part for group in groups for turn in group for part in turn.messages]
    systems = [system] if system.strip() else []
    systems += [part.content for part in parts if part.role == "system"]
    rest = [part for part in parts if part.role != "system"]
    head = [ChatMessage("system", "\n\n".join(systems))] if systems else []
    return [*head, *rest]


async def count(
    model: str,
    messages: list[ChatMessage],
    *,
    continue_final: bool = False,
    beginning: Sequence[int] = (),
) -> tuple[int, int | None, str | None, bool]:
    """(tokens, window, rendered prompt, is an estimate) of a prompt."""
    client = await engines.client_for(model)
    counted = await client.tokenize(
        model, messages=messages, continue_final=continue_final, tokens=beginning
    )
    if counted is None:
        size = sum(len(m.content) for m in messages) // CHARACTERS_PER_TOKEN + 4 * len(messages)
        return size, None, None, True
    return counted.count, counted.max_model_len, counted.prompt, False


def budget(window: int, settings: GenerationSettings) -> int:
    """Tokens the prompt may have: room is kept for the answer, at most half the window."""
    return window - min(settings.max_tokens, window // 2)


async def text_of(beginning: Beginning) -> str:
    """The whole characters that an answer shows once it has these tokens."""
    client = await engines.client_for(beginning.model)
    text = await client.detokenize(beginning.model, beginning.tokens)
    return text.replace("\x00", "\ufffd")


async def fit(
    *,
    model: str,
    system: str,
    turns: Sequence[Turn],
    settings: GenerationSettings,
    continue_final: bool = False,
    beginning: Sequence[int] = (),
) -> Fit:
    """The prompt with as few of the oldest rounds dropped as the window demands.

    Finds the number of rounds to drop by bisection, so a long conversation costs few counts.
    Raises EngineError(code="too_long") where the newest round alone does not fit.
    """
    groups = rounds(turns)

    async def measure(drop: int) -> Fit:
        messages = flatten(system, groups[drop:])
        tokens, window, text, guess = await count(
            model, messages, continue_final=continue_final, beginning=beginning
        )
        gone = [t.message_id for g in groups[:drop] for t in g if t.message_id is not None]
        return Fit(model, messages, gone, tokens, window, guess, text, beginning=[*beginning])

    def fits(found: Fit) -> bool:
        return found.window is None or (found.tokens or 0) <= budget(found.window, settings)

    best = await measure(0)
    if fits(best):
        return best
    if len(groups) > 1:
        best = await measure(len(groups) - 1)
    if not fits(best):
        raise too_long(best, settings)
    low, high = 1, len(groups) - 1
    while low < high:
        middle = (low + high) // 2
        found = await measure(middle)
        low, high, best = (low, middle, found) if fits(found) else (middle + 1, high, best)
    return best


def too_long(found: Fit, settings: GenerationSettings) -> EngineError:
    room = budget(found.window or 0, settings)
    return EngineError(
        f"This message makes a prompt of {found.tokens:,} tokens; the model has room for "
        f"{room:,}. Shorten it, or lower max new tokens.",
        code="too_long",
    )


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


def unmeasured(
    conversation: Conversation, turns: Sequence[Turn], beginning: Beginning | None = None
) -> Fit:
    """The whole prompt, to be cut once an engine can count its tokens."""
    begun = beginning or Beginning(engines.preferred([], conversation.model), [])
    messages = flatten(conversation.system_prompt, rounds(turns))
    return Fit(begun.model, messages, estimate=True, is_measured=False, beginning=begun.tokens)
