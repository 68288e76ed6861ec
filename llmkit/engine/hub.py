"""The served models: which folders there are, which are loaded, and who may use them.

Nothing here imports torch; the loader thread does, so that the server answers from the start.
"""

import asyncio
import difflib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from llmkit.engine.requests import GenerationRequest
from llmkit.types import ChatMessage, EngineError

if TYPE_CHECKING:
    from llmkit.engine.backends import Backend
    from llmkit.engine.loading import LoadedModel
    from llmkit.engine.prompt import Prompt, PromptBuilder

logger = logging.getLogger(__name__)

State = Literal["unloaded", "loading", "ready", "failed"]
Fingerprint = tuple[tuple[str, int, int], ...]
CANCEL_MEMORY_SECONDS = 60
CANCEL_MEMORY_SIZE = 10_000


@dataclass(frozen=True)
class EngineOptions:
    """How the engine shares the machine. `prefill` and cache sizes follow from the models."""

    threads: int = 1
    max_running: int = 8
    max_waiting: int = 64
    dtype: str | None = None


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


@dataclass
class Entry:
    """One attempt at loading a folder; `fingerprint` tells whether it is the same folder still."""

    fingerprint: Fingerprint
    future: "Future[Served]"

    @property
    def state(self) -> State:
        if not self.future.done():
            return "loading"
        return "failed" if self.future.exception() else "ready"

    @property
    def served(self) -> "Served | None":
        return self.future.result() if self.state == "ready" else None


def fingerprint(folder: Path) -> Fingerprint:
    """Changes whenever a file of the folder is replaced."""
    stats = [(path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def is_served(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


class ModelHub:
    """Loads folders one at a time, on a thread of its own, when they are first asked for."""

    def __init__(self, models_dir: Path, options: EngineOptions) -> None:
        self.models_dir = models_dir
        self.options = options
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._loader = threading.Thread(target=self._work, name="engine-loader", daemon=True)
        self._loader.start()

    def names(self) -> list[str]:
        if not self.models_dir.is_dir():
            return []
        return sorted(folder.name for folder in self.models_dir.iterdir() if is_served(folder))

    def load(self, name: str) -> "Future[Served]":
        """The model, now or later. EngineError: model_not_found, or in the future model_failed."""
        known = self.names()
        if name not in known:
            raise not_found(name, known)
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or self._worth_retrying(name, entry):
                entry = self._entries[name] = self._begin(name)
            return entry.future

    async def get(self, name: str) -> Served:
        return await asyncio.wrap_future(self.load(name))

    def _worth_retrying(self, name: str, entry: Entry) -> bool:
        return entry.state == "failed" and entry.fingerprint != fingerprint(self.models_dir / name)

    def _begin(self, name: str) -> Entry:
        entry = Entry(fingerprint(self.models_dir / name), Future())
        entry.future.set_running_or_notify_cancel()  # a client that goes away cancels no load
        self._jobs.put(lambda: self._load(name, entry.future))
        return entry

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _load(self, name: str, future: "Future[Served]") -> None:
        try:
            future.set_result(self._open(name))
        except EngineError as error:
            logger.warning("%s", error)
            future.set_exception(error)
        except Exception as error:
            logger.exception("Loading %s failed", name)
            future.set_exception(
                EngineError(f"Loading {name} failed: {error}", code="model_failed")
            )

    def _open(self, name: str) -> Served:
        from llmkit.engine.opening import open_model

        return open_model(self.models_dir / name, self.options)

    def health(self) -> dict[str, Any]:
        """What /health says about every folder."""
        return {name: self._health(self._entries.get(name)) for name in self.names()}

    def _health(self, entry: Entry | None) -> dict[str, Any]:
        capacity = {"capacity": self.options.max_running}
        if entry is None:
            return {"state": "unloaded", **capacity}
        if entry.state == "failed":
            return {"state": "failed", "error": str(entry.future.exception()), **capacity}
        running = self._running(entry.served.backend) if entry.served else {}
        return {"state": entry.state, **capacity, **running}

    def _running(self, backend: "Backend") -> dict[str, Any]:
        loaded = backend.loaded
        return {
            "running": backend.running,
            "waiting": backend.waiting,
            "max_model_len": loaded.window,
            "dtype": loaded.dtype,
            "device": str(loaded.device),
        }

    @property
    def loading(self) -> bool:
        return any(entry.state == "loading" for entry in self._entries.values())

    def close(self) -> None:
        """Stop loading and end every request with an error."""
        self._jobs.put(None)
        for entry in list(self._entries.values()):
            if entry.served is not None:
                entry.served.backend.close()


def not_found(name: str, known: list[str]) -> EngineError:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:5]
    hint = f" Did you mean {', '.join(near)}?" if near else " No model is installed yet."
    return EngineError(f"There is no model named {name}.{hint}", code="model_not_found")


@dataclass(frozen=True)
class Active:
    request: GenerationRequest
    backend: "Backend"


class ActiveRequests:
    """Requests by id, and the cancels that came before their request did."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._active: dict[str, Active] = {}
        self._early: dict[str, float] = {}

    def __contains__(self, request_id: str) -> bool:
        return request_id in self._active

    def add(self, request: GenerationRequest, backend: "Backend") -> None:
        """Register before submitting; a cancel that was remembered is applied now."""
        self._active[request.id] = Active(request, backend)
        remembered = self._early.pop(request.id, None)
        if remembered is not None and self._clock() - remembered <= CANCEL_MEMORY_SECONDS:
            request.cancel()

    def remove(self, request_id: str) -> None:
        self._active.pop(request_id, None)

    def cancel(self, request_id: str) -> str:
        """Cancel now or when it arrives: running, queued or unknown."""
        active = self._active.get(request_id)
        if active is not None:
            return active.backend.cancel(active.request)
        self._forget_old()
        self._early[request_id] = self._clock()
        return "unknown"

    def _forget_old(self) -> None:
        oldest = self._clock() - CANCEL_MEMORY_SECONDS
        fresh = [(k, v) for k, v in self._early.items() if v >= oldest]
        self._early = dict(fresh[-(CANCEL_MEMORY_SIZE - 1) :])
