"""The agreement of a project in words and figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from feedback.figures import Cell, Dot, DotPlot, HeatTable, Trend
from feedback.measures.position import Bias
from feedback.services.agreement.measuring import Agreement, Measured
from feedback.services.agreement.over_time import Span
from feedback.services.agreement.pages import Findings, Matrix

ALPHA = "krippendorff_nominal"


@dataclass(frozen=True)
class Told:
    """A measure: its name, what it counts in, and what it means."""

    name: str
    unit: str
    meaning: str


MEASURES = {
    ALPHA: Told(
        "Krippendorff's α",
        "pairs of answers",
        "How often people say the same about two answers, beyond chance. It allows for tasks that "
        "only some people ranked.",
    ),
    "krippendorff_ordinal": Told(
        "Krippendorff's α, ordinal",
        "pairs of answers",
        "The same, but a reversed pair counts more than a win that somebody else called a tie.",
    ),
    "fleiss_kappa": Told(
        "Fleiss' κ",
        "pairs of answers",
        "Agreement of many people beyond chance, as most papers report it.",
    ),
    "cohen_kappa": Told(
        "Cohen's κ",
        "pairs of people",
        "Two people at a time, averaged over every two who ranked the same tasks.",
    ),
    "kendall_tau": Told(
        "Kendall's τ-b",
        "tasks",
        "How alike two people order the answers of a task: 1 the same order, −1 the reverse.",
    ),
    "kendall_w": Told(
        "Kendall's W",
        "tasks",
        "How much all orders of a task go one way, from 0 to 1. Random orders do not give 0 here: "
        "with two people about one half.",
    ),
}
QUALITIES = {"helpful": "Helpful", "honest": "Honest", "harmless": "Harmless"}
# The customary words for kappa: Landis & Koch (1977), table 2.
WORDS = ((0.0, "no"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))


def word(value: float) -> str:
    return next((name for end, name in WORDS if value <= end), "almost perfect")


def summary(agreement: Agreement) -> str:
    """One sentence with the worked word, or why there is none."""
    found = agreement.measures[ALPHA]
    if found.value is None:
        return ""
    dot = dot_of("", found)
    between = f" (95 % interval {dot.interval_text})" if found.interval else ""
    return f"There is {word(found.value)} agreement: α is {dot.text}{between}."


def dot_of(label: str, found: Measured, n: int | None = None) -> Dot:
    return Dot(label, found.value, found.interval, found.n if n is None else n)


def measures(agreement: Agreement) -> DotPlot:
    dots = [
        Dot(told.name, found.value, found.interval, found.n, unit=told.unit)
        for key, told in MEASURES.items()
        if (found := agreement.measures[key])
    ]
    return DotPlot(
        "1 is full agreement, 0 is chance (for all but W)", dots, reference=0.0, counted="Over"
    )


def trend(spans: list[Span], by: str) -> Trend:
    title = "α by week" if by == "week" else "α by hundreds of tasks"
    dots = [dot_of(span.label, span.measured, span.tasks) for span in spans]
    named = "Week from" if by == "week" else "Tasks"
    return Trend(title, dots, named=named, measured="α", counted="Tasks")


def matrix(found: Matrix) -> HeatTable:
    rows = []
    for i, name in enumerate(found.names):
        cells = [cell(found, i, j) for j in range(len(found.names))]
        rows.append((name, cells))
    return HeatTable("Cohen's κ of every two people", "Person", found.names, rows)


def cell(found: Matrix, i: int, j: int) -> Cell:
    """Shared units stand under the value; people who share none have an empty cell."""
    value, units = found.kappas.get((min(i, j), max(i, j)), (None, 0))
    return Cell(value, f"{units:,} pairs" if units else "")


def questions(found: Mapping[str, Measured]) -> DotPlot:
    dots = [dot_of(QUALITIES.get(name, name.capitalize()), one) for name, one in found.items()]
    title = "Ordinal α of the ratings"
    return DotPlot(title, dots, reference=0.0, named="Rating", counted="Answers rated twice")


def models(findings: Findings) -> DotPlot:
    people = dot_of("Two people", findings.agreement.measures["cohen_kappa"])
    dots = [dot_of(f"{name} and a person", one) for name, one in findings.models.items()]
    title = "Mean Cohen's κ: models beside people"
    return DotPlot(title, [people, *dots], reference=0.0, named="Who", counted="Pairs of labelers")


def bias(found: Bias) -> DotPlot:
    share = Dot("The answer shown first wins", found.share, found.interval, found.decided)
    title = "One half means that the order does not matter"
    return DotPlot(title, [share], low=0.3, high=0.7, reference=0.5, counted="Decided pairs")


def bias_in_words(found: Bias) -> str:
    """Whether the order on the page moves people."""
    if found.interval is None:
        return ""
    if found.interval.low > 0.5:
        return "Answers shown first win more often than they should."
    if found.interval.high < 0.5:
        return "Answers shown first win less often than they should."
    return "No effect of the order can be told from chance."
