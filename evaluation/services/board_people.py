"""What people preferred, for the leaderboard: win rates and Bradley–Terry strengths by model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluation.statistics.evidence import mean_of
from evaluation.statistics.intervals import interval
from feedback.models import Project
from feedback.services.agreement.cached import kept
from feedback.services.agreement.strengths import Met, met_in, standings

if TYPE_CHECKING:
    from accounts.models import User

NOBODY = "none"


@dataclass(frozen=True)
class Number:
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Preferred:
    """`wins`: the share of a model's comparisons that it won, ties as one half, drawn again by
    prompt. `strength`: log-odds, 0 is the average of the models that met."""

    games: int
    wins: Number
    strength: Number | None


@dataclass(frozen=True)
class People:
    """The project whose rankings stand on the board, and the numbers by model's name."""

    project: Project | None
    projects: Sequence[Project]
    found: Mapping[str, Preferred]


def people(user: "User", slug: str) -> People:
    """`slug` names a project; without one it is the newest that the person runs, or none."""
    projects = list(Project.objects.managed_by(user).filter(staged_for=None).order_by("-pk")[:100])
    named = next((project for project in projects if project.slug == slug), None)
    chosen = None if slug == NOBODY else named or next(iter(projects), None)
    return People(chosen, projects, preferred(chosen) if chosen else {})


def preferred(project: Project) -> dict[str, Preferred]:
    rates: dict[str, tuple[int, Number]] = kept(
        project, "win-rates", lambda: win_rates(met_in(project))
    )
    strong = strengths(project) if rates else {}
    return {name: Preferred(games, won, strong.get(name)) for name, (games, won) in rates.items()}


def win_rates(met: Sequence[Met]) -> dict[str, tuple[int, Number]]:
    outcomes: dict[str, list[tuple[float, str]]] = {}
    for one in met:
        half = 0.5 if one.tie else 1.0
        outcomes.setdefault(one.winner, []).append((half, one.prompt))
        outcomes.setdefault(one.loser, []).append((1.0 - half, one.prompt))
    return {name: (len(found), rate(found)) for name, found in outcomes.items()}


def rate(found: Sequence[tuple[float, str]]) -> Number:
    values = [value for value, _ in found]
    sure = interval(mean_of(values), [prompt for _, prompt in found], shares=values)
    return Number(sum(values) / len(values), sure.low, sure.high)


def strengths(project: Project) -> dict[str, Number]:
    found = standings(project)
    if found.found is None:
        return {}
    ends = [between or (None, None) for between in found.found.plain_intervals]
    rows = zip(found.names, found.found.plain, ends, strict=True)
    return {name: Number(value, *end) for name, value, end in rows}
