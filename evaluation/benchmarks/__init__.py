"""Benchmarks: tasks and packs of them as YAML, found by discovery. Nothing here imports Django.

    tasks/NAME.yaml   one task: where its items come from, how it is asked, how it is measured
    packs/NAME.yaml   a name, a version, and the tasks that belong together
    harness/          tasks of ours in lm-evaluation-harness's own format
    items/            items of ours, so that the starter pack works on a fresh machine

Most tasks name a file of lm-evaluation-harness and leave questions, choices and splits to it, so
that a number here is the number that it prints; only where its items come from is replaced when
they were brought as files. Tasks of kind `template` are a prompt template and references.
"""

from evaluation.benchmarks.catalogue import (
    Benchmark,
    benchmark,
    benchmarks,
    packs,
    task,
    tasks,
    title_of,
)
from evaluation.benchmarks.errors import BenchmarkError
from evaluation.benchmarks.task import Hub, Pack, Task

__all__ = [
    "Benchmark",
    "BenchmarkError",
    "Hub",
    "Pack",
    "Task",
    "benchmark",
    "benchmarks",
    "packs",
    "task",
    "tasks",
    "title_of",
]
