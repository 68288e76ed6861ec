"""All tasks and packs by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from evaluation.benchmarks.errors import BenchmarkError
from evaluation.benchmarks.task import HERE, Pack, Task
from llmkit.registry import Registry, near_names


@dataclass(frozen=True)
class Benchmark:
    """What a run can be asked for: a pack, or one task alone."""

    name: str
    title: str
    about: str
    version: str
    tasks: tuple[Task, ...]
    pack: Pack | None = None

    @property
    def size(self) -> int:
        return sum(task.size for task in self.tasks)

    @property
    def averaged(self) -> dict[str, list[str]]:
        """By task the measures whose mean it counts by; empty where the pack has no average."""
        if self.pack is None or not self.pack.average:
            return {}
        named = {} if self.pack.average is True else self.pack.average
        return {task.name: list(named.get(task.name, task.measures[:1])) for task in self.tasks}

    @property
    def matter(self) -> str:
        return f"benchmark:{self.name}@{self.version}"


@cache
def tasks() -> Mapping[str, Task]:
    found: Registry[Task] = Registry("task")
    for path in sorted((HERE / "tasks").rglob("*.yaml")):
        for each in documents(path):
            made = Task.from_dict(each, path.name)
            found.register(made.name)(made)
    return {name: found.get(name) for name in found.names()}


@cache
def packs() -> Mapping[str, Pack]:
    found = {}
    for path in sorted((HERE / "packs").glob("*.yaml")):
        for each in documents(path):
            pack = Pack.from_dict(each, path.name)
            for name in pack.tasks:
                task(name)
            check_average(pack, path.name)
            found[pack.name] = pack
    return found


def check_average(pack: Pack, where: str) -> None:
    """BenchmarkError for a task or a measure that the pack does not have."""
    named = pack.average if isinstance(pack.average, Mapping) else {}
    for name, measures in named.items():
        if name not in pack.tasks or set(measures) - set(task(name).measures):
            raise BenchmarkError(f"{where} averages {name} by what it does not have.")


def documents(path: Path) -> list[dict[str, Any]]:
    """A YAML file's documents; what the first one calls `common` goes into the others."""
    try:
        found = [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]
    except (OSError, yaml.YAMLError) as error:
        raise BenchmarkError(f"{path.name} can't be read: {error}.") from error
    common = found.pop(0)["common"] if found and "common" in found[0] else {}
    return [{**common, **each} for each in found]


def task(name: str) -> Task:
    """BenchmarkError with near names."""
    if name not in tasks():
        raise BenchmarkError(f"There is no task '{name}'. {near_names(name, tasks())}")
    return tasks()[name]


def title_of(name: str) -> str:
    """Of a pack or task; nothing where there is none."""
    known: dict[str, Pack | Task] = {**packs(), **tasks()}
    return known[name].title if name in known else ""


def benchmarks() -> dict[str, Benchmark]:
    """Packs first, then every task alone."""
    found = {name: _of_pack(pack) for name, pack in packs().items()}
    for name, each in tasks().items():
        found.setdefault(name, _alone(each))
    return found


def benchmark(name: str) -> Benchmark:
    """The pack or the task of that name; BenchmarkError with near names."""
    known = benchmarks()
    if name not in known:
        raise BenchmarkError(f"There is no benchmark '{name}'. {near_names(name, known)}")
    return known[name]


def _of_pack(pack: Pack) -> Benchmark:
    inside = tuple(task(name) for name in pack.tasks)
    return Benchmark(pack.name, pack.title, pack.about, pack.version, inside, pack)


def _alone(each: Task) -> Benchmark:
    return Benchmark(each.name, each.title, each.about, each.version, (each,))
