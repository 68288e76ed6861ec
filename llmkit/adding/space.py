"""Whether the disk and the memory hold what is about to be made."""

import shutil
from pathlib import Path

import psutil

from llmkit.adding.errors import AddError

SPARE_BYTES = 200_000_000


def require_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise AddError(
            f"Not enough disk space: {in_words(needed + SPARE_BYTES)} are needed, "
            f"{in_words(free)} are free. Remove a model that is not used, or free space elsewhere."
        )


def require_memory(needed: int) -> None:
    free = int(psutil.virtual_memory().available)
    if free < needed:
        raise AddError(
            f"Not enough memory to convert this model: {in_words(needed)} are needed, "
            f"{in_words(free)} are free. Unload a model, or convert it on a larger machine."
        )


def in_words(count: int) -> str:
    """Bytes in the unit a person would use."""
    for size, unit in ((10**9, "GB"), (10**6, "MB")):
        if count >= size:
            value = count / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{count / 1000:.0f} kB"
