"""The exact text a model reads, with the parts that a template put there told apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chat.models import Generation, PromptTemplateVersion
from chat.services.counting import Measured
from chat.services.fitting import count
from chat.services.prompt_templates import parsed
from llmkit.types import ChatMessage, EngineError

LONGEST_SHOWN = 20_000


@dataclass(frozen=True)
class Part:
    """A stretch of the prompt. `kind` is instruction, shot, input, or frame for what stands
    between: the model's own markers and a conversation's earlier turns."""

    kind: str
    label: str
    text: str


async def sent(generation: Generation) -> Measured:
    """What was sent for an answer, as the model's template wrote it where an engine can say."""
    messages = [ChatMessage(**part) for part in generation.prompt]
    continues = generation.start > 0
    try:
        tokens, window, text, estimate = await count(
            generation.model, messages, continue_final=continues
        )
    except EngineError:
        return Measured(generation.prompt_tokens, messages=messages)
    return Measured(tokens, window, estimate, len(generation.dropped), messages, text)


def marked(
    prompt: Measured, version: PromptTemplateVersion | None, use: Mapping[str, Any] | None
) -> list[Part]:
    """The prompt as parts that, put together, are the prompt. A part that the model's template
    changed beyond recognition stays unmarked."""
    text = prompt.rendered or as_text(prompt.messages)
    pieces = parsed(version).pieces(use["inputs"], use["used_examples"]) if version and use else []
    parts, at = [], 0
    for piece in pieces:
        wanted = piece.text.strip()
        found = text.find(wanted, at) if wanted else -1
        if found < 0:
            continue
        parts += [Part("frame", "", text[at:found]), Part(piece.kind, piece.label, wanted)]
        at = found + len(wanted)
    return list(_shortened([*parts, Part("frame", "", text[at:])]))


def as_text(messages: Sequence[ChatMessage]) -> str:
    return "\n\n".join(f"{message.role}: {message.content}" for message in messages)


def _shortened(parts: Sequence[Part]) -> Iterator[Part]:
    left = LONGEST_SHOWN
    for part in parts:
        if part.text and left > 0:
            yield Part(part.kind, part.label, part.text[:left])
        left -= len(part.text)
