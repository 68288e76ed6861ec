"""A report as a page shows it: numbers in tables, a figure, and what is off in sentences."""

from typing import Any

from feedback.figures import Dot, DotPlot
from feedback.models import Annotation, Freezing
from feedback.rules.splits import BRIDGE, SPLITS
from feedback.services.snapshots.rows import CONTRADICTION, NO_PREFERENCE
from feedback.services.snapshots.words import remarks

UNITS = {CONTRADICTION: "pair", NO_PREFERENCE: "task", BRIDGE: "task"}
LOUDEST = 8


def context(job: Freezing) -> dict[str, Any]:
    if job.report is None:
        return {}
    told = job.report
    return {
        "told": told,
        "remarks": remarks(told),
        "splits": [(split, told["counts"]["splits"][split]) for split in SPLITS],
        "dropped": [(n, unit(reason, n), reason) for reason, n in told["dropped"].items()],
        "figure": longer_wins(told),
        "sources": named_sources(told),
        "voices": voices(told),
        "voices_left": max(len(told["labelers"]) - LOUDEST, 0),
    }


def unit(reason: str, n: int) -> str:
    word = UNITS.get(reason, "ranking")
    return word if n == 1 else f"{word}s"


def longer_wins(told: dict[str, Any]) -> DotPlot | None:
    longer = told["longer_wins"]
    if longer["share"] is None:
        return None
    dot = Dot("All pairs", longer["share"], tuple(longer["interval"]), longer["n"])
    return DotPlot(
        "How often the longer answer wins",
        [dot],
        reference=0.5,
        named="Longer wins",
        counted="Pairs",
    )


def named_sources(told: dict[str, Any]) -> list[tuple[str, int]]:
    names = dict(Annotation.Source.choices)
    return [(names.get(source, source), n) for source, n in told["sources"].items()]


def voices(told: dict[str, Any]) -> list[dict[str, Any]]:
    pairs = told["counts"]["pairs"] or 1
    return [
        {**voice, "percent": f"{100 * voice['pairs'] / pairs:.0f}"}
        for voice in told["labelers"][:LOUDEST]
    ]
