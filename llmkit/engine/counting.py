"""Counting tokens needs the tokenizer alone: no weights are loaded or put away for it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmkit.engine.entries import Fingerprint, fingerprint
from llmkit.engine.libraries import import_libraries
from llmkit.types import ChatMessage

if TYPE_CHECKING:
    from llmkit.engine.prompt import Prompt, PromptBuilder


@dataclass(frozen=True)
class Counter:
    """`window` is the longest sequence in tokens that the model holds."""

    fingerprint: Fingerprint
    prompts: "PromptBuilder"
    window: int

    def prompt(
        self, messages: Sequence[ChatMessage], text: str, *, continue_final: bool
    ) -> "Prompt":
        """The prompt of a conversation, or of plain `text` where there are no messages."""
        if not messages:
            return self.prompts.plain(text)
        return self.prompts.chat(messages, continue_final=continue_final)


class Counters:
    """One counter a model, read when it is first asked for and again when the folder changes."""

    def __init__(self) -> None:
        self._known: dict[str, Counter] = {}
        self._lock = threading.Lock()

    def of(self, folder: Path) -> Counter:
        """Blocks while files are read. EngineError(model_failed) when they cannot be used."""
        now = fingerprint(folder)
        with self._lock:
            known = self._known.get(folder.name)
            if known is None or known.fingerprint != now:
                known = self._known[folder.name] = read_counter(folder, now)
            return known


def read_counter(folder: Path, now: Fingerprint) -> Counter:
    import_libraries()
    from llmkit.engine.loading import read_tokenizer

    _, prompts, window = read_tokenizer(folder)
    return Counter(now, prompts, window)
