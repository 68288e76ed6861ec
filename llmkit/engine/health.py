"""What /health says about a model and its adapters."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.engine.adapter_entries import adapter_bytes
from llmkit.engine.adapters import adapter_kind, adapter_names
from llmkit.engine.entries import Entry

if TYPE_CHECKING:
    from llmkit.engine.backends import Backend


def model_health(entry: Entry | None, adapters: Path, max_running: int) -> dict[str, Any]:
    """`adapters` is the folder that holds the model's."""
    always = {"capacity": max_running, "adapters": adapters_health(entry, adapters)}
    if entry is None:
        return {"state": "unloaded", **always}
    report = {"state": entry.state, "last_used": entry.last_used, **always}
    if entry.state == "failed":
        return report | {"error": str(entry.future.exception())}
    served = entry.served
    if served is None:
        return report | {"progress": entry.progress}
    memory = served.loaded.memory_bytes + adapter_bytes(entry)
    return report | running(served.backend) | {"memory_bytes": memory}


def running(backend: "Backend") -> dict[str, Any]:
    loaded = backend.loaded
    return {
        "backend": backend.kind,
        "capacity": backend.max_running,
        "running": backend.running,
        "waiting": backend.waiting,
        "max_model_len": loaded.window,
        "dtype": loaded.dtype,
        "precision": loaded.precision,
        "device": str(loaded.device),
    }


def adapters_health(base: Entry | None, folder: Path) -> list[dict[str, Any]]:
    """`folder` holds the model's adapters. Each: name, kind, state, and error where it failed."""
    return [adapter_health(base, folder / name) for name in adapter_names(folder)]


def adapter_health(base: Entry | None, folder: Path) -> dict[str, Any]:
    entry = base.adapters.get(folder.name) if base else None
    state = entry.state if entry else "unloaded"
    error = {"error": str(entry.future.exception())} if entry and state == "failed" else {}
    return {"name": folder.name, "kind": adapter_kind(folder), "state": state, **error}
