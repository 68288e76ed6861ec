"""What a new evaluation can choose from, and what it would take."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from accounts.models import User
from evaluation import benchmarks
from evaluation.benchmarks import Benchmark, Task, bringing
from evaluation.models import EvaluationRun
from evaluation.services.places import benchmarks_dir
from evaluation.services.runs.asking import Asked, least
from evaluation.services.runs.subjects import remote_names
from training.models import Dataset, DatasetVersion, ModelVersion

LOOKED_BACK = 50


def models() -> list[tuple[str, str]]:
    """Names of what can be measured with what they are, those of this machine first."""
    usable = ModelVersion.objects.that_answer().ready()
    own = [(version.name, version.get_kind_display()) for version in usable]
    return [*own, *((name, "On another server") for name in remote_names())]


@dataclass(frozen=True)
class Choice:
    """A benchmark to choose. `missing`: titles of its tasks whose items are not on this machine."""

    benchmark: Benchmark
    missing: list[str]

    @property
    def name(self) -> str:
        return self.benchmark.name

    @property
    def runs_here(self) -> bool:
        return not self.missing

    @property
    def writes(self) -> bool:
        return all(task.writes for task in self.benchmark.tasks)


def is_here(task: Task) -> bool:
    return task.split in bringing.local(task, benchmarks_dir())


def choices() -> list[Choice]:
    """Those that run on this machine as it is come first, packs before tasks."""
    here = {name: is_here(task) for name, task in benchmarks.tasks().items()}
    found = [
        Choice(each, [task.title for task in each.tasks if not here[task.name]])
        for each in benchmarks.benchmarks().values()
    ]
    return sorted(found, key=lambda each: (not each.runs_here, each.benchmark.pack is None))


def datasets(user: User) -> list[DatasetVersion]:
    """The newest versions of evaluation sets that the person sees."""
    seen: Any = Dataset.objects.seen_by(user).in_use().filter(kind=Dataset.Kind.EVALUATION)
    newest = [each.newest for each in seen.with_versions()]
    found = DatasetVersion.objects.filter(pk__in=[pk for pk in newest if pk])
    return list(found.select_related("dataset").order_by("dataset__name"))


@dataclass(frozen=True)
class Estimate:
    """`seconds` is None where no run tells how fast this is."""

    runs: int
    items: int
    requests: int
    seconds: float | None


def estimate(wanted: Sequence[Asked]) -> Estimate:
    times = [seconds_for(each) for each in wanted]
    known = [time for time in times if time is not None]
    whole = len(known) == len(times)
    requests = sum(map(requests_of, wanted))
    items = sum(each.items for each in wanted)
    return Estimate(len(wanted), items, requests, sum(known) if whole else None)


def requests_of(wanted: Asked) -> int:
    if wanted.benchmark is None:
        return wanted.items
    return sum(least(wanted.limit, task.size) * task.requests for task in wanted.benchmark.tasks)


def seconds_for(wanted: Asked) -> float | None:
    """From what runs on the same matter took an item: of this model, else of any."""
    done = EvaluationRun.objects.done().filter(matter=wanted.matter, seconds__gt=0)
    done = done.exclude(done_items=0).order_by("-ended_at")
    for rows in (done.filter(subject=wanted.subject.identity), done):
        paces = [row.seconds / row.done_items for row in rows[:LOOKED_BACK]]
        if paces:
            return float(median(paces)) * wanted.items
    return None
