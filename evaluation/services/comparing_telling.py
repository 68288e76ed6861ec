"""A comparison as JSON and as words."""

from collections.abc import Mapping, Sequence

from evaluation.services.comparing import Comparison, Pair
from evaluation.statistics.paired import Difference


def facts(pair: Pair, found: Sequence[Comparison]) -> Mapping[str, object]:
    """For a program to read."""
    names = pair.names
    return {
        "benchmark": pair.first.matter,
        "models": names,
        "runs": [str(run.pk) for run in pair.runs],
        "tasks": [
            {
                "task": one.task,
                "measure": one.measure,
                "scores": dict(zip(names, one.scores, strict=True)),
                "difference": one.difference.value,
                "interval": interval_of(one.difference),
                "p": one.difference.p,
                "p_holm": one.p_holm,
                "test": one.difference.test,
                "items": one.difference.items,
                "sources": one.difference.sources,
                "won": one.won,
                "lost": one.lost,
                "tied": one.tied,
            }
            for one in found
        ],
    }


def interval_of(difference: Difference) -> list[float | None] | None:
    return None if difference.low is None else [difference.low, difference.high]


def in_words(pair: Pair, found: Sequence[Comparison]) -> str:
    names = pair.names
    lines = [f"{names[0]} against {names[1]} on {pair.first.matter}"]
    for one in found:
        gap = one.difference
        between = "" if gap.low is None else f" ({gap.low:+.4f} to {gap.high:+.4f})"
        p = "" if gap.p is None else f", p = {gap.p:.4g}"
        lines += [
            "",
            f"{one.task}, {one.measure}: {one.scores[0]:.4f} and {one.scores[1]:.4f}",
            f"  difference {gap.value:+.4f}{between}{p}  [{gap.test}]",
            f"  {one_by_one(one)}{gap.items} items from {gap.sources} sources",
        ]
    return "\n".join(lines)


def one_by_one(one: Comparison) -> str:
    """Nothing where an item alone is worth nothing, as in a pack's average."""
    if all(value is None for value in one.values[0]):
        return ""
    return f"won {one.won}, lost {one.lost}, tied {one.tied} of "
