"""From rows to token ids and labels, through the very prompt that the chat sends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmkit.engine.prompt import PromptBuilder
from llmkit.types import ChatMessage

IGNORED = -100


@dataclass(frozen=True)
class Example:
    """`labels` are IGNORED where nothing is to be learned."""

    tokens: list[int]
    labels: list[int]


@dataclass
class Encoded:
    """What rows became. `cut`: lost tokens at their end; `dropped`: had no room for an answer."""

    sequences: list[Example] = field(default_factory=list)
    cut: int = 0
    dropped: int = 0

    @property
    def tokens(self) -> int:
        return sum(len(sequence.tokens) for sequence in self.sequences)

    @property
    def learned(self) -> int:
        return sum(label != IGNORED for s in self.sequences for label in s.labels)


def turns(messages: Iterable[Mapping[str, str]]) -> list[ChatMessage]:
    return [ChatMessage(m["role"], m["content"]) for m in messages]  # type: ignore[arg-type]


def prompt_tokens(prompts: PromptBuilder, messages: Sequence[Mapping[str, str]]) -> list[int]:
    return prompts.chat(turns(messages)).tokens


def answer_tokens(prompts: PromptBuilder, text: str, eos: int) -> list[int]:
    """An answer's tokens and the one that ends it: a model learns to stop as well."""
    return [*prompts.text_ids(text), eos]


def completions(
    prompts: PromptBuilder, rows: Iterable[Mapping[str, Any]], *, eos: int, longest: int
) -> Encoded:
    """Rows {messages, completion}: only the completion is learned; too long ones lose their end.

    Rows {text} are learned whole.
    """
    encoded = Encoded()
    for row in rows:
        tokens, begins = _tokens(prompts, row, eos)
        if begins >= longest:
            encoded.dropped += 1
            continue
        encoded.cut += len(tokens) > longest
        tokens = tokens[:longest]
        labels = [IGNORED] * begins + tokens[begins:]
        encoded.sequences.append(Example(tokens, labels))
    return encoded


def _tokens(prompts: PromptBuilder, row: Mapping[str, Any], eos: int) -> tuple[list[int], int]:
    """The row's tokens, and where what is learned begins."""
    if "text" in row:
        return answer_tokens(prompts, row["text"], eos), 0
    asked = prompt_tokens(prompts, row["messages"])
    return [*asked, *answer_tokens(prompts, row["completion"], eos)], len(asked)
