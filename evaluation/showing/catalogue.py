"""Benchmarks as their page lists them."""

from dataclasses import dataclass

from django.urls import reverse

from evaluation import benchmarks
from evaluation.benchmarks import Pack, Task, bringing
from evaluation.benchmarks.bringing import Local
from evaluation.metrics import label_of
from evaluation.services.places import benchmarks_dir

AREAS = ("First look", "Language understanding", "Writing", "Knowledge and reasoning")
OTHER = "Others"


@dataclass(frozen=True)
class Row:
    """A task with what of it lies here."""

    task: Task
    here: dict[str, Local]

    @property
    def asked(self) -> Local | None:
        return self.here.get(self.task.split)

    @property
    def ships(self) -> bool:
        return bool(self.task.items)

    @property
    def splits(self) -> list[tuple[str, int, Local | None]]:
        return [(name, rows, self.here.get(name)) for name, rows in self.task.splits.items()]

    @property
    def hub(self) -> str:
        found = self.task.hub
        return " ".join(filter(None, (found.path, found.config))) if found else ""

    @property
    def measures(self) -> str:
        return ", ".join(map(label_of, self.task.measures))

    @property
    def facts(self) -> list[tuple[str, str]]:
        task = self.task
        found = [
            ("Name in the shell", task.name),
            ("Version", task.version),
            ("Measures", self.measures),
            ("Source", task.source),
            ("Licence", task.licence),
            ("Asked as", task.harness and f"lm-evaluation-harness: {task.harness}"),
            ("On the hub", self.hub),
        ]
        return [(label, value) for label, value in found if value]

    @property
    def url(self) -> str:
        return address(self.task)


@dataclass(frozen=True)
class PackRow:
    pack: Pack
    rows: list[Row]

    @property
    def here(self) -> int:
        return sum(row.asked is not None for row in self.rows)

    @property
    def told(self) -> str:
        """Version, size, what of it is here, and where it comes from, in one line."""
        items = sum(row.task.size for row in self.rows)
        where = {0: "none on this machine", len(self.rows): "all on this machine"}
        here = where.get(self.here, f"{self.here} tasks on this machine")
        count = f"{len(self.rows)} tasks"
        parts = [f"Version {self.pack.version}", count, f"{items:,} items", here, self.pack.source]
        return " · ".join(filter(None, parts))


def address(task: Task) -> str:
    return reverse("evaluation:task", args=[task.name])


def row(task: Task) -> Row:
    return Row(task, bringing.local(task, benchmarks_dir()))


def packs() -> list[PackRow]:
    return [
        PackRow(pack, [row(benchmarks.task(name)) for name in pack.tasks])
        for pack in benchmarks.packs().values()
    ]


def areas() -> dict[str, list[Row]]:
    """Every task, by what it is about."""
    found: dict[str, list[Row]] = {area: [] for area in AREAS}
    for task in benchmarks.tasks().values():
        found.setdefault(task.area or OTHER, []).append(row(task))
    return found
