"""What an evaluation took."""

import resource
import sys
from pathlib import Path

from training.run.events import read_events


def seconds_spent(events: Path, now: float) -> float:
    """Of all attempts, each from its start to the last that was heard of it."""
    spent, begun, last = 0.0, 0.0, 0.0
    for _, event in read_events(events):
        if event["kind"] == "started":
            spent, begun = spent + last - begun, float(event["at"])
        last = float(event["at"])
    return round(spent + now - begun, 2)


def memory_held() -> int:
    """The most bytes that this process has held so far, on the GPU where it used one."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
