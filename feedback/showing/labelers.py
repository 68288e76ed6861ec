"""A labeler's habits beside the project's, as figures and as rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from feedback.figures import Bars, Dot, DotPlot
from feedback.figures.dots import number
from feedback.measures.intervals import Interval, Share
from feedback.models import Labeler, Project
from feedback.services.agreement.labelers import Habits, Roster, Row
from feedback.services.agreement.measuring import Measured


@dataclass(frozen=True)
class Value:
    """A number as text, its interval, and what it stands on."""

    text: str
    interval: str = ""
    over: str = ""


@dataclass(frozen=True)
class Line:
    """One habit of a labeler, beside everybody's."""

    name: str
    meaning: str
    own: Value
    project: Value


@dataclass(frozen=True)
class Habit:
    name: str
    short: str
    meaning: str
    field: str
    over: str
    secret: bool = False
    """Kept from the labeler: watching it change would tell which tasks are gold or repeats."""


HABITS = (
    Habit(
        "Agreement with the others",
        "Agrees",
        "Cohen's κ with what most of the others say: 0 is chance, 1 is always the same.",
        "agreement",
        "pairs",
    ),
    Habit(
        "Gold tasks right",
        "Gold",
        "Gold tasks in which no expected pair is ranked otherwise.",
        "gold",
        "gold tasks",
        secret=True,
    ),
    Habit(
        "Flips on repeats",
        "Flips",
        "When a task comes again: pairs whose winner is another one now.",
        "flips",
        "pairs",
        secret=True,
    ),
    Habit(
        "Pace",
        "Pace",
        "Median active seconds for each 100 words of prompt and answers.",
        "pace",
        "",
    ),
    Habit("Ties", "Ties", "Pairs of answers called equally good.", "ties", "pairs"),
    Habit("Skipped", "Skipped", "Tasks given back without a ranking.", "skips", "tasks"),
    Habit("All bad", "All bad", "Tasks in which no answer was acceptable.", "all_bad", "tasks"),
    Habit(
        "First shown wins",
        "First wins",
        "How often the better answer was the one shown before the other; 50 % without bias.",
        "bias",
        "decided pairs",
    ),
)


def value_of(habits: Habits, habit: Habit) -> Value:
    found = getattr(habits, habit.field)
    if isinstance(found, Share):
        return share(found, habit.over)
    if isinstance(found, Measured):
        ends = Dot("", found.value, found.interval).interval_text if found.interval else ""
        return Value(number(found.value), ends, f"{found.n:,} {habit.over}" if found.n else "")
    return Value("–" if found is None else f"{found:.1f} s")


def share(found: Share, over: str) -> Value:
    if found.value is None:
        return Value("–")
    return Value(
        f"{100 * found.value:.0f} %", percents(found.interval), f"{found.of:,} {over}".rstrip()
    )


def percents(interval: Interval | None) -> str:
    return f"{100 * interval.low:.0f} to {100 * interval.high:.0f} %" if interval else ""


def lines(own: Habits, project: Habits, *, secrets: bool) -> list[Line]:
    return [
        Line(habit.name, habit.meaning, value_of(own, habit), value_of(project, habit))
        for habit in HABITS
        if secrets or not habit.secret
    ]


def table(rows: Sequence[Row]) -> list[tuple[Row, list[Value]]]:
    return [(row, [value_of(row.habits, habit) for habit in HABITS]) for row in rows]


def all_people(roster: Roster) -> list[Value]:
    return [value_of(roster.project, habit) for habit in HABITS]


def agreement(project: Project, rows: Sequence[Row], together: Measured | None) -> DotPlot:
    """Everybody's agreement with the others, and the mean of all people above them."""
    dots = [] if together is None else [Dot("All people, mean", together.value, together.interval)]
    others = "most people" if together is None else "most of the others"
    for row in rows:
        found = row.habits.agreement
        url = reverse("feedback:labeler", args=[project.slug, row.labeler.pk])
        dots.append(Dot(name_of(row.labeler), found.value, found.interval, found.n, url))
    title = f"Cohen's κ with what {others} say"
    return DotPlot(title, dots, reference=0.0, named="Labeler", counted="Pairs of answers")


def bias(own: Habits, project: Habits) -> DotPlot:
    dots = [
        Dot(name, found.value, found.interval, found.of)
        for name, found in (("This labeler", own.bias), ("All people", project.bias))
    ]
    title = "How often the answer shown first wins"
    return DotPlot(
        title, dots, low=0.3, high=0.7, reference=0.5, named="Who", counted="Decided pairs"
    )


def days(own: Habits) -> Bars:
    return Bars("Rankings", own.days)


def name_of(labeler: Labeler) -> str:
    return labeler.user.display_name if labeler.user else labeler.name
