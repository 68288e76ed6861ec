"""Two to six runs beside each other: what differs in their settings, and what they measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.models import User
from training.models import TrainingJob
from training.showing import measures, pages, words

FEWEST, MOST = 2, pages.MOST_COMPARED
NONE = "–"


@dataclass(frozen=True)
class Row:
    """One line of a table; `cells` in the order of the runs."""

    label: str
    cells: tuple[str, ...]


def settings(jobs: Sequence[TrainingJob], user: User) -> tuple[list[Row], list[Row]]:
    """What differs, and what is the same in all."""
    told = [facts(job, user) for job in jobs]
    labels = list(dict.fromkeys(label for each in told for label in each))
    rows = [row(label, told) for label in labels]
    differ = [one for one in rows if len(set(one.cells)) > 1]
    return differ, [one for one in rows if one not in differ]


def row(label: str, told: Sequence[Mapping[str, str]]) -> Row:
    return Row(label, tuple(each.get(label, NONE) for each in told))


def facts(job: TrainingJob, user: User) -> dict[str, str]:
    """All that went into a run, in words."""
    found = {"Method": words.method(job)}
    for given in pages.given(job, user):
        name = " ".join(filter(None, [given.name, given.note]))
        found[given.label] = f"{found[given.label]}, {name}" if given.label in found else name
    changed, rest = pages.settings(job)
    return found | {each.label: each.value for each in [*changed, *rest]}


def final(jobs: Sequence[TrainingJob]) -> tuple[list[Row], list[Row]]:
    """Measures of the held-out rows with the ones that runs are judged by, and the rest."""
    first = [dict(told(pages.figures(job)[0])) for job in jobs]
    rest = [dict(told(pages.figures(job)[1])) for job in jobs]
    return table(first), table(rest)


def told(found: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(label, f"{value} ({span})" if span else value) for label, value, span in found]


def table(told: Sequence[Mapping[str, str]]) -> list[Row]:
    labels = dict.fromkeys(label for each in told for label in each)
    return [row(label, told) for label in labels]


def outcome(jobs: Sequence[TrainingJob]) -> list[Row]:
    """How each ended, and what it took."""
    return [
        Row("Status", tuple(words.state(job) for job in jobs)),
        Row("Steps", tuple(f"{job.step:,}" for job in jobs)),
        Row("Took", tuple(words.duration(words.seconds_taken(job)) or NONE for job in jobs)),
        Row("Most memory", tuple(memory(job) for job in jobs)),
    ]


def memory(job: TrainingJob) -> str:
    return measures.text("memory_bytes", job.measures.get("memory_peak_bytes"))
