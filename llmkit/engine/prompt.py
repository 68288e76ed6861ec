"""From messages to token ids, without letting a message's text act as control tokens.

`<|im_end|>` typed by a person is text, not the end of a turn. A marker character is put inside
every control token's name that occurs in a message before the template is rendered; the rendered
text is then cut at the names that are still whole (those the template wrote), and only they become
control tokens. Tokens that a tokenizer adds without calling them special are not covered.
"""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmkit.types import ChatMessage, EngineError

PIECE = 16_384
SEAM = 16
PRIVATE_CHARACTERS = [chr(code) for code in range(0xE000, 0xF900)]


@dataclass(frozen=True)
class Prompt:
    """The exact text given to the model and its token ids."""

    text: str
    tokens: list[int]


class PromptBuilder:
    """Renders and tokenises for one model. Safe to call from several threads."""

    def __init__(self, name: str, tokenizer: Any) -> None:
        self._name = name
        self._tokenizer = tokenizer
        self._lock = threading.Lock()
        names = sorted(tokenizer.all_special_tokens, key=len, reverse=True)
        self._controls = re.compile("|".join(map(re.escape, names)) or r"(?!)")

    def plain(self, text: str) -> Prompt:
        """A raw prompt, as /v1/completions takes it: its control tokens count as such."""
        with self._lock:
            return Prompt(text, self._ids(self._tokenizer(text).input_ids))

    def chat(self, messages: Sequence[ChatMessage], *, continue_final: bool = False) -> Prompt:
        """A conversation through the chat template, ready for the assistant's turn.

        `continue_final`: the last message's text is left open, and the answer goes on from it.
        """
        mark, cut = self._unused(messages)
        with self._lock:
            marked = self._render(self._marked(messages, mark), cut if continue_final else None)
            return Prompt(marked.replace(mark, ""), self._tokens(marked, mark))

    def text_ids(self, text: str) -> list[int]:
        """A text alone, without any control token: what an answer of it would be made of."""
        with self._lock:
            return self._text_ids(text)

    def exceeding(self, texts: Sequence[str], most: int) -> int | None:
        """How many tokens these texts have at least, where that is surely more than `most`.

        Reads PIECE characters at a time and stops as soon as it is sure, so that a huge text costs
        no more than one that just fits. Each cut between pieces may add a few tokens: SEAM.
        None where the texts may fit.
        """
        if sum(map(len, texts)) <= 2 * most:
            return None
        total = 0
        for piece in (t[at : at + PIECE] for t in texts for at in range(0, len(t), PIECE)):
            with self._lock:
                total += max(0, len(self._text_ids(piece)) - SEAM)
            if total > most:
                return total
        return None

    def _unused(self, messages: Sequence[ChatMessage]) -> list[str]:
        """Two characters that no message contains."""
        used = set().union(*(message.content for message in messages))
        free = [char for char in PRIVATE_CHARACTERS if char not in used][:2]
        if len(free) < 2:
            raise refused(self._name, "they use every private character of Unicode")
        return free

    def _marked(self, messages: Sequence[ChatMessage], mark: str) -> list[dict[str, str]]:
        return [{"role": m.role, "content": self._mark(m.content, mark)} for m in messages]

    def _mark(self, content: str, mark: str) -> str:
        return self._controls.sub(lambda found: found[0][0] + mark + found[0][1:], content)

    def _render(self, messages: list[dict[str, str]], cut: str | None) -> str:
        if cut is None:
            return self._apply(messages, add_generation_prompt=True)
        *earlier, last = messages
        rendered = self._apply([*earlier, {**last, "content": cut}], add_generation_prompt=False)
        if cut not in rendered:
            raise refused(self._name, "it leaves out the last message")
        return rendered.rpartition(cut)[0] + last["content"]

    def _apply(self, messages: list[dict[str, str]], *, add_generation_prompt: bool) -> str:
        if not self._tokenizer.chat_template:
            raise refused(self._name, "the model has none; use /v1/completions or another model")
        try:
            rendered: str = self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=add_generation_prompt
            )
        except Exception as error:
            raise refused(self._name, str(error).strip() or type(error).__name__) from error
        return rendered

    def _tokens(self, marked: str, mark: str) -> list[int]:
        if mark not in marked:
            return self._ids(self._tokenizer(marked, add_special_tokens=False).input_ids)
        tokens: list[int] = []
        start = 0
        for found in self._controls.finditer(marked):
            tokens += self._text_ids(marked[start : found.start()].replace(mark, ""))
            tokens.append(self._tokenizer.convert_tokens_to_ids(found[0]))
            start = found.end()
        return tokens + self._text_ids(marked[start:].replace(mark, ""))

    def _text_ids(self, text: str) -> list[int]:
        if not text:
            return []
        encoded = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        return self._ids(encoded.input_ids)

    def _ids(self, values: Any) -> list[int]:
        return [int(value) for value in values]


class EncoderPromptBuilder(PromptBuilder):
    """For encoder-decoders, which have no chat template: they were taught to turn a text into one.

    A single question is given as it is, below the system's text, as instruction-tuned T5 models
    were shown theirs. Longer conversations name who says what and end with the assistant's turn.
    """

    def chat(self, messages: Sequence[ChatMessage], *, continue_final: bool = False) -> Prompt:
        if continue_final:
            raise EngineError(
                f"An answer of {self._name} can't be continued by its text: what the model reads "
                "and what it writes are apart. Regenerate it instead.",
                code="invalid",
            )
        text = conversation_text(messages)
        with self._lock:
            return Prompt(text, self._text_ids(text) + self._end())

    def _end(self) -> list[int]:
        """What the tokenizer puts behind every text (T5's </s>)."""
        return self._ids(self._tokenizer("").input_ids)


def prompt_builder(name: str, tokenizer: Any, encoder_decoder: bool) -> PromptBuilder:
    return (EncoderPromptBuilder if encoder_decoder else PromptBuilder)(name, tokenizer)


def conversation_text(messages: Sequence[ChatMessage]) -> str:
    system = [m.content for m in messages if m.role == "system"]
    turns = [m for m in messages if m.role != "system"]
    if len(turns) == 1:
        return "\n\n".join([*system, turns[0].content])
    said = [f"{m.role.capitalize()}: {m.content}" for m in turns]
    return "\n\n".join([*system, *said, "Assistant:"])


def refused(name: str, reason: str) -> EngineError:
    return EngineError(
        f"The chat template of {name} refuses these messages: {reason}", code="invalid"
    )
