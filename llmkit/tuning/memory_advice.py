"""Whether a run fits into a device's memory, and what to lower where it does not."""

from collections.abc import Sequence

from llmkit.sizes import in_words
from llmkit.tuning.memory_plan import INT4, Cell, Load, largest_batch

DEVICES = {"cpu": "this machine", "cuda": "the GPU"}
FITS = "It needs about {needed}. {free} of the {memory} of {device} are free now."
NEVER = "It needs about {needed}, but {device} has {memory}."
NOT_NOW = (
    "It needs about {needed}, but only {free} of the {memory} of {device} are free now. Wait for "
    "other work to end."
)


def told(
    chosen: Cell, cells: Sequence[Cell], load: Load, *, kind: str, memory: int, free: int
) -> tuple[bool, str]:
    """Whether it fits now, and a sentence or two."""
    numbers = {
        "needed": in_words(chosen.total),
        "memory": in_words(memory),
        "free": in_words(free),
        "device": DEVICES[kind],
    }
    if chosen.total <= free:
        return True, FITS.format(**numbers)
    if chosen.total <= memory:
        return False, f"{NOT_NOW.format(**numbers)} Or: {way_out(chosen, cells, load, free)}"
    return False, f"{NEVER.format(**numbers)} {way_out(chosen, cells, load, memory)}"


def way_out(chosen: Cell, cells: Sequence[Cell], load: Load, room: int) -> str:
    """What would make it fit: the smallest change there is."""
    most = largest_batch(chosen, load, room) // load.each
    if most:
        return f"Lower the {load.batch} to {most}."
    for other in cells:
        if other.possible and not other.full and other.total <= room:
            what = "with QLoRA" if other.precision == INT4 else "an adapter"
            return f"Train {what} instead, which needs about {in_words(other.total)}."
    return f"Lower the {load.batch}, shorten the longest sequence, or choose a smaller model."
