"""What a run takes while it trains, on the GPU where there is one."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FORGET_PEAK = "5"


def begin() -> None:
    """Forget what was the most before: loading a model may take more than training it."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with suppress(OSError):
        CLEAR.write_text(FORGET_PEAK)


def measures() -> dict[str, float]:
    """Bytes now, and the most since `begin`; where a system can't forget, since the start."""
    import torch

    if torch.cuda.is_available():
        now, most = torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()
    else:
        now, most = of_process()
    return {"memory_bytes": float(now), "memory_peak_bytes": float(most)}


def of_process() -> tuple[int, int]:
    try:
        lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if ":" in line)
        return kilobytes(lines["VmRSS"]), kilobytes(lines["VmHWM"])
    except (OSError, KeyError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        most *= 1 if sys.platform == "darwin" else 1024
        return most, most


def kilobytes(text: str) -> int:
    return int(text.split()[0]) * 1024
