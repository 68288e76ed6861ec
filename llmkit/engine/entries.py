"""What the hub keeps about one model: the attempt at loading it, and who needs it."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from llmkit.engine.hub import Served

State = Literal["unloaded", "loading", "ready", "failed"]
Fingerprint = tuple[tuple[str, int, int], ...]


def is_served(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


def fingerprint(folder: Path) -> Fingerprint:
    """Changes whenever a file of the folder is replaced."""
    stats = [(path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


@dataclass(eq=False)
class Entry:
    """One attempt at loading a folder; `fingerprint` tells whether it is the same folder still.

    `uses` counts the leases on it; `progress` is None until its turn to load has come, then 0..1.
    `last_used` is in unix seconds, `reserved` in bytes of the memory budget. The hub's lock guards
    all of them.
    """

    name: str
    fingerprint: Fingerprint
    future: "Future[Served]" = field(default_factory=Future)
    progress: float | None = None
    uses: int = 0
    last_used: float = field(default_factory=time.time)
    reserved: int = 0
    closing: bool = False
    adapters: "dict[str, Entry]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.future.set_running_or_notify_cancel()  # a client that goes away cancels no load

    @property
    def state(self) -> State:
        if not self.future.done():
            return "loading"
        return "failed" if self.future.exception() else "ready"

    @property
    def served(self) -> "Served | None":
        return self.future.result() if self.state == "ready" else None

    def tell_progress(self, fraction: float) -> None:
        """Never goes back, whatever the loader counts."""
        self.progress = max(self.progress or 0.0, min(fraction, 1.0))


class Lease:
    """While it is held its model is not put away. `adapter`: one of the model's that is wanted."""

    def __init__(
        self, entry: Entry, give_back: Callable[[Entry], None], adapter: Entry | None = None
    ) -> None:
        self._entry: Entry | None = entry
        self._adapter = adapter
        self._give_back = give_back

    @property
    def future(self) -> "Future[Served]":
        """The model, or it with the adapter, now or later. Not to be asked for after `release`."""
        if self._entry is None:
            raise RuntimeError("this lease has been given back")
        return (self._adapter or self._entry).future

    @property
    def progress(self) -> float | None:
        """How much of the model has been loaded, 0..1; None while its turn has not come."""
        return self._entry.progress if self._entry else None

    def release(self) -> None:
        """Give it back; a second time does nothing."""
        entry, self._entry = self._entry, None
        if entry is not None:
            self._give_back(entry)
