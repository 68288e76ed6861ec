"""Where a run on this machine trains."""

from typing import Any


def device() -> dict[str, Any]:
    """Its kind, its memory and how much of that is free now, in bytes."""
    import torch

    from llmkit.engine.memory import machine_memory

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return {"kind": "cuda", "name": torch.cuda.get_device_name(), "memory": total, "free": free}
    import psutil

    total = machine_memory()
    free = min(total, psutil.virtual_memory().available)
    return {"kind": "cpu", "name": "This machine", "memory": total, "free": free}
