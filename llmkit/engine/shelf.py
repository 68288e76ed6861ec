"""What is loaded, and the one thread that loads, and puts away, within the memory budget.

A model that is to go is retired first: nobody new gets it, and it is put away once the last lease
on it has been given back. So no request ever meets a model that is being closed. A model for which
there is no room yet waits in line without holding the thread up, and whoever asks for a retired
one again waits behind it: everybody's turn comes.
"""

import itertools
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from llmkit.engine.adapter_entries import adapter_bytes, open_adapted
from llmkit.engine.adapters import adapters_folder, split
from llmkit.engine.entries import Entry
from llmkit.engine.former_names import FormerNames
from llmkit.engine.libraries import import_libraries
from llmkit.engine.memory import default_budget, need_of, never_fits
from llmkit.engine.release import give_memory_back
from llmkit.types import EngineError

if TYPE_CHECKING:
    from llmkit.engine.hub import EngineOptions, Served

logger = logging.getLogger(__name__)

PUT_AWAY_SECONDS = 60


class Shelf:
    """The models that are loaded or asked for. The lock guards everything but the line."""

    def __init__(self, models_dir: Path, options: "EngineOptions") -> None:
        self.models_dir = models_dir
        self.adapters_dir = adapters_folder(models_dir)
        self.former = FormerNames(models_dir)
        self.options = options
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._retired: list[Entry] = []
        self._in_line: deque[Entry] = deque()
        self._budget = options.memory
        self._jobs: queue.Queue[Callable[[], object] | None] = queue.Queue()
        self._loader = threading.Thread(target=self._work, name="engine-loader", daemon=True)
        self._loader.start()

    def enqueue(self, job: Callable[[], object]) -> None:
        """Have something done between two loads."""
        self._jobs.put(job)

    def join(self) -> None:
        """Wait until the loader has ended; it does so after `close`."""
        self._loader.join()

    def close(self) -> None:
        """Stop loading and end every request with an error."""
        self._jobs.put(None)
        with self._lock:
            open_now = [*self._entries.values(), *self._retired]
        for entry in open_now:
            if entry.served is not None:
                entry.served.backend.close()

    def memory(self) -> dict[str, int | None]:
        """What /health says about the engine's memory; the budget is None until it is known."""
        with self._lock:
            return {"memory_budget_bytes": self._budget, "memory_used_bytes": self._held()}

    # -- putting away ----------------------------------------------------------------------------

    def _retire(self, entry: Entry) -> None:
        """Under the lock: nobody new gets it."""
        del self._entries[entry.name]
        if entry.state == "ready":
            self._retired.append(entry)

    def _put_away_idle(self) -> None:
        """Close what is retired and no longer needed, and give its memory back."""
        with self._lock:
            idle = [e for e in self._retired if not e.uses and not e.closing]
            for entry in idle:
                entry.closing = True
        if not idle:
            return
        for entry in idle:
            put_away(entry)
        give_memory_back()
        with self._lock:
            self._retired = [e for e in self._retired if e not in idle]

    def _held(self) -> int:
        """Bytes reserved by whatever is loaded or not yet put away."""
        return held_by([*self._entries.values(), *self._retired])

    # -- the loader's thread ---------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _ask_for(self, entry: Entry) -> None:
        self._in_line.append(entry)
        self._load_next()

    def _tidy(self) -> None:
        self._put_away_idle()
        self._load_next()

    def _load_next(self) -> None:
        """Load in the order of asking, as far as there is room; the next release goes on."""
        while self._in_line and self._fulfil(self._in_line[0], self._open):
            self._in_line.popleft()

    def _adapt(self, base: Entry, entry: Entry) -> None:
        folder = self.adapters_dir / base.name / split(entry.name)[1]
        self._fulfil(entry, lambda _: open_adapted(base, folder))

    def _fulfil(self, entry: Entry, opener: "Callable[[Entry], Served | None]") -> bool:
        """Whether its future has come true or failed; not yet where the opener gives None."""
        try:
            served = opener(entry)
            if served is not None:
                entry.future.set_result(served)
            return served is not None
        except Exception as error:
            entry.reserved = 0
            entry.future.set_exception(as_engine_error(entry.name, error))
            return True

    def _open(self, entry: Entry) -> "Served | None":
        """The model, or None as long as there is no room for it. EngineError(model_failed)."""
        import_libraries()
        from llmkit.engine.opening import open_model

        folder = self.models_dir / entry.name
        need = need_of(folder, self.options)
        if not self._make_room(entry, need.total):
            return None
        entry.tell_progress(0)
        served = open_model(folder, self.options, entry.tell_progress)
        give_memory_back()
        entry.reserved = served.loaded.memory_bytes + need.cache
        return served

    def _make_room(self, entry: Entry, need: int) -> bool:
        """Reserve `need` bytes, putting away others, the least recently used first.

        One that is in use is only retired: it goes when its last lease ends, and until then this
        answers False. EngineError(model_failed) where the model can never fit.
        """
        limit = self._known_budget() - need
        if limit < 0:
            raise never_fits(entry.name, need, need + limit)
        with self._lock:
            for victim in to_put_away(self._entries.values(), limit):
                self._retire(victim)
        self._put_away_idle()
        with self._lock:
            room = self._held() <= limit
            entry.reserved = need if room else 0
        return room

    def _known_budget(self) -> int:
        from llmkit.engine.loading import best_device

        if self._budget is None:
            self._budget = default_budget(best_device())
        return self._budget


def put_away(entry: Entry) -> None:
    """End its threads and let go of its weights."""
    if entry.served is not None:
        entry.served.backend.close(PUT_AWAY_SECONDS)
    entry.adapters.clear()
    entry.future = Future()
    logger.info("Put %s away", entry.name)


def to_put_away(entries: Iterable[Entry], limit: int) -> list[Entry]:
    """The least recently used, idle ones before those in use, until the rest keeps to `limit`."""
    loaded = sorted(
        (entry for entry in entries if entry.state == "ready"),
        key=lambda entry: (entry.uses > 0, entry.last_used),
    )
    ends = (held_by(loaded[gone:]) <= limit for gone in itertools.count())
    return loaded[: next(gone for gone, enough in enumerate(ends) if enough)]


def held_by(entries: Iterable[Entry]) -> int:
    return sum(entry.reserved + adapter_bytes(entry) for entry in entries)


def as_engine_error(name: str, error: Exception) -> EngineError:
    if isinstance(error, EngineError):
        logger.warning("%s", error)
        return error
    logger.error("Loading %s failed", name, exc_info=error)
    return EngineError(f"Loading {name} failed: {error}", code="model_failed")
