"""The served models: which folders there are, which are loaded, and who may use them.

Nothing here imports torch; the loader thread does, so that the server answers from the start.
Who needs a model holds a lease on it; shelf.py loads, and puts away what nobody holds.
"""

import asyncio
import contextlib
import difflib
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.engine.adapter_entries import current_adapter
from llmkit.engine.adapters import SEPARATOR, adapter_names, split
from llmkit.engine.entries import Entry, Lease, State, fingerprint, is_served
from llmkit.engine.health import model_health
from llmkit.engine.shelf import Shelf
from llmkit.types import ChatMessage, EngineError

if TYPE_CHECKING:
    from llmkit.engine.backends import Backend
    from llmkit.engine.loading import LoadedModel
    from llmkit.engine.prompt import Prompt, PromptBuilder


@dataclass(frozen=True)
class EngineOptions:
    """How the engine shares the machine. `prefill` and cache sizes follow from the models.

    `memory` is the budget in bytes for models, None a share of the device's.
    """

    threads: int = 1
    max_running: int = 8
    max_waiting: int = 64
    dtype: str | None = None
    backend: str = "auto"
    memory: int | None = None


@dataclass(frozen=True)
class Served:
    """A loaded model, bare or with an adapter, what answers for it, and its prompt builder."""

    loaded: "LoadedModel"
    backend: "Backend"
    prompts: "PromptBuilder"

    @property
    def window(self) -> int:
        return self.loaded.window

    def prompt(
        self, messages: Sequence[ChatMessage], text: str = "", *, continue_final: bool = False
    ) -> "Prompt":
        """The prompt of a conversation, or of plain `text` where there are no messages."""
        if not messages:
            return self.prompts.plain(text)
        return self.prompts.chat(messages, continue_final=continue_final)

    def check_length(self, prompt: "Prompt", begun: int = 0) -> "Prompt":
        """The prompt itself when it leaves room for an answer, else EngineError(too_long).

        `begun` is how many tokens of the answer are there already.
        """
        count = len(prompt.tokens) + begun
        if count >= self.window:
            raise EngineError(
                f"The prompt has {count} tokens, but {self.loaded.name} holds "
                f"{self.window} with the answer. Shorten it.",
                code="too_long",
            )
        if count == 0:
            raise EngineError("The prompt is empty.", code="invalid")
        return prompt


class ModelHub(Shelf):
    """Loads folders one at a time, on a thread of its own, when they are first asked for."""

    def names(self) -> list[str]:
        if not self.models_dir.is_dir():
            return []
        return sorted(folder.name for folder in self.models_dir.iterdir() if is_served(folder))

    def ids(self) -> list[str]:
        """What may be asked for: every model and, as model:adapter, each of its adapters."""
        return [public for name in self.names() for public in [name, *self._adapter_ids(name)]]

    def _adapter_ids(self, name: str) -> list[str]:
        return [name + SEPARATOR + adapter for adapter in adapter_names(self.adapters_dir / name)]

    def folder(self, name: str) -> Path:
        """The folder of the model, also of an adapter's model, that is asked for.

        EngineError(model_not_found) that names near ones.
        """
        name = self.former.current(name)
        model, adapter = split(name)
        known = self.names() if not adapter else self.ids()
        if name not in known:
            raise not_found(name, known)
        return self.models_dir / model

    # -- using -----------------------------------------------------------------------------------

    def acquire(self, name: str) -> Lease:
        """The model, kept until the lease is released; loading begins if it has to.

        EngineError: model_not_found, or in the lease's future model_failed.
        """
        folder = self.folder(name)
        with self._lock:
            entry = self._current(folder)
            entry.uses += 1
            entry.last_used = time.time()
            adapter = self._adapter(entry, self._adapter_of(name))
        return Lease(entry, self._give_back, adapter)

    @contextlib.asynccontextmanager
    async def use(self, name: str) -> AsyncIterator[Served]:
        """The loaded model, kept for as long as the block runs."""
        lease = self.acquire(name)
        try:
            yield await asyncio.wrap_future(lease.future)
        finally:
            lease.release()

    def load(self, name: str) -> "Future[Served]":
        """Begin to load unless that was done; what comes of it may be put away again."""
        folder = self.folder(name)
        with self._lock:
            entry = self._current(folder)
            return (self._adapter(entry, self._adapter_of(name)) or entry).future

    def unload(self, name: str) -> None:
        """Free a model's memory. EngineError: model_not_found, or in_use while it is needed.

        An adapter is only forgotten: whoever it still answers keeps it until the end.
        """
        model, adapter = split(self.former.current(name))
        with self._lock:
            entry = self._entries.get(model)
            if entry is None or adapter:
                self.folder(name)
                if entry is not None:
                    entry.adapters.pop(adapter, None)
                return
            if entry.uses or entry.state == "loading":
                raise in_use(name, entry)
            self._retire(entry)
        self._put_away_idle()
        self.enqueue(self._load_next)

    def _adapter_of(self, name: str) -> str:
        return split(self.former.current(name))[1]

    def _adapter(self, base: Entry, name: str) -> Entry | None:
        """Under the lock: the adapter's entry, if one is named."""
        if not name:
            return None
        folder = self.adapters_dir / base.name / name
        entry, is_new = current_adapter(base, folder)
        if is_new:
            base.future.add_done_callback(lambda _: self.enqueue(lambda: self._adapt(base, entry)))
        return entry

    def _current(self, folder: Path) -> Entry:
        """Under the lock: the entry of the folder as it is now; an older one is retired."""
        name = folder.name
        entry = self._entries.get(name)
        if entry is not None and not self._outdated(entry, folder):
            return entry
        if entry is not None:
            self._retire(entry)
            self.enqueue(self._tidy)
        fresh = self._entries[name] = Entry(name, fingerprint(folder))
        self.enqueue(lambda: self._ask_for(fresh))
        return fresh

    def _outdated(self, entry: Entry, folder: Path) -> bool:
        return entry.state != "loading" and entry.fingerprint != fingerprint(folder)

    def _give_back(self, entry: Entry) -> None:
        with self._lock:
            entry.uses -= 1
            entry.last_used = time.time()
            if entry in self._retired:
                self.enqueue(self._tidy)

    # -- telling ---------------------------------------------------------------------------------

    def state(self, name: str) -> State:
        model, adapter = split(self.former.current(name))
        entry = self._entries.get(model)
        if entry is not None and adapter:
            entry = entry.adapters.get(adapter)
        return entry.state if entry else "unloaded"

    def health(self) -> dict[str, Any]:
        """What /health says about every folder."""
        return {
            name: model_health(
                self._entries.get(name), self.adapters_dir / name, self.options.max_running
            )
            for name in self.names()
        }

    @property
    def loading(self) -> bool:
        return any(entry.state == "loading" for entry in list(self._entries.values()))


def in_use(name: str, entry: Entry) -> EngineError:
    reason = "is being loaded" if entry.state == "loading" else "is answering somebody"
    return EngineError(f"{name} {reason}. Try again when that has ended.", code="in_use")


def not_found(name: str, known: list[str]) -> EngineError:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:5]
    hint = f" Did you mean {', '.join(near)}?" if near else " No model is installed yet."
    return EngineError(f"There is no model named {name}.{hint}", code="model_not_found")
