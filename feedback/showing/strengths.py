"""Which models people prefer, as figures."""

from collections.abc import Sequence
from math import exp

from feedback.figures import Dot, DotPlot
from feedback.figures.dots import number
from feedback.measures.intervals import Interval
from feedback.services.agreement.strengths import Standings


def figures(found: Standings) -> list[DotPlot]:
    """As ranked, and with the length of the answers taken into account; strongest first."""
    if found.found is None:
        return []
    one = found.found
    return [
        plot("As people ranked them", found, one.plain, one.plain_intervals),
        plot("At equal length", found, one.controlled, one.controlled_intervals),
    ]


def plot(
    title: str, found: Standings, values: Sequence[float], ends: Sequence[Interval | None]
) -> DotPlot:
    rows = sorted(zip(values, found.names, ends, found.games, strict=True), reverse=True)
    dots = [Dot(name, value, between, games) for value, name, between, games in rows]
    spread = max(abs(end) for dot in dots for end in (dot.interval or (dot.value or 0,)))
    edge = 1.0 if spread <= 1 else 2.0
    return DotPlot(
        title, dots, low=-edge, high=edge, reference=0.0, named="Model", counted="Comparisons"
    )


def length_in_words(found: Standings) -> str:
    """What a longer answer gains, told for a usual difference."""
    if found.found is None or not found.words:
        return ""
    low, high = found.found.length_interval or (None, None)
    if low is None or high is None or low <= 0 <= high:
        return "No effect of an answer's length can be told from chance."
    odds = number(exp(abs(found.found.length)))
    more = "longer" if found.found.length > 0 else "shorter"
    return (
        f"An answer that is {found.words:.0f} words {more} (one standard deviation) has "
        f"{odds} times the odds to win."
    )
