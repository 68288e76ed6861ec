"""How long the texts of a dataset are. Tokens are counted later, with the model that reads them.

No Django here.
"""

from array import array
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

MOST_BARS = 16


class Lengths:
    """Lengths of many texts, by column: `add` each row's texts, then ask for the `summary`."""

    def __init__(self) -> None:
        self._characters: dict[str, array[int]] = {}
        self._words: dict[str, array[int]] = {}

    def add(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            self._characters.setdefault(name, array("L")).append(len(text))
            self._words.setdefault(name, array("L")).append(len(text.split()))

    def summary(self) -> dict[str, Any]:
        """Per column: rows, characters, words and the histogram of characters."""
        return {
            name: {
                "rows": len(found),
                "characters": spread(found),
                "words": spread(self._words[name]),
                "histogram": histogram(found),
            }
            for name, found in self._characters.items()
        }


def spread(numbers: Sequence[int]) -> dict[str, float]:
    ordered = sorted(numbers)
    count, total = len(ordered), sum(ordered)
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    at_95 = ordered[min(count - 1, int(0.95 * count))]
    return {
        "total": total,
        "min": ordered[0],
        "median": middle,
        "mean": round(total / count, 1),
        "p95": at_95,
        "max": ordered[-1],
    }


def histogram(numbers: Sequence[int]) -> list[dict[str, int | None]]:
    """Bars of one round width that hold 99 of 100, and one without an end for the rest."""
    ordered = sorted(numbers)
    most = ordered[int(0.99 * (len(ordered) - 1))]
    width = round_width(most / MOST_BARS)
    edges = list(range(0, most + width + 1, width))
    counts = [0] * len(edges)
    for number in ordered:
        counts[min(number // width, len(edges) - 1)] += 1
    bars: list[dict[str, int | None]] = [
        {"from": low, "to": high, "count": count}
        for (low, high), count in zip(pairwise(edges), counts, strict=False)
    ]
    return [*bars, {"from": edges[-1], "to": None, "count": counts[-1]}] if counts[-1] else bars


def round_width(least: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50, …"""
    step = 1
    while True:
        for width in (step, 2 * step, 5 * step):
            if width >= least:
                return width
        step *= 10
