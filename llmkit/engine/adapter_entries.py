"""What the hub keeps about the adapters of one model: an attempt at loading each, as for models."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmkit.engine.adapters import is_adapter
from llmkit.engine.entries import Entry, fingerprint
from llmkit.types import EngineError

if TYPE_CHECKING:
    from llmkit.engine.hub import Served


def current_adapter(base: Entry, folder: Path) -> tuple[Entry, bool]:
    """The entry of the adapter as its folder is now, and whether it is new and has to be loaded.

    What was loaded from a folder that changed or went is forgotten; whoever it still answers keeps
    it until the end.
    """
    for name in [n for n in base.adapters if not is_adapter(folder.parent / n)]:
        del base.adapters[name]
    known = base.adapters.get(folder.name)
    now = fingerprint(folder)
    if known is not None and (known.state == "loading" or known.fingerprint == now):
        return known, False
    fresh = base.adapters[folder.name] = Entry(f"{base.name}:{folder.name}", now)
    return fresh, True


def open_adapted(base: Entry, folder: Path) -> "Served":
    """The model of `base`, whose loading has ended, with the adapter. EngineError(model_failed)."""
    from llmkit.engine.adapters import open_adapter

    if base.closing:
        raise EngineError(f"{base.name} has just been put away. Try again.", code="model_failed")
    served = base.future.result()
    return replace(served, loaded=open_adapter(served.loaded, folder))


def adapter_bytes(base: Entry) -> int:
    """What the loaded adapters hold beside the model's weights."""
    loaded = [entry.served for entry in list(base.adapters.values())]
    return sum(served.loaded.memory_bytes for served in loaded if served is not None)
