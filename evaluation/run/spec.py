"""What a run's config.json says.

{"model": {"name": "smol:taste", "path": "…/models/smol", "adapter": "…/adapters/smol/taste"},
 "engines": ["http://127.0.0.1:8001"], "together": 8, "threads": 1, "precision": "auto",
 "tasks": [{…a task…, "data": {"validation": "data/cola/validation.jsonl"}}],
 "shots": null, "limit": 50, "chat_template": false, "seed": 1234, "settings": {},
 "seen": ["data/seen/1/train.jsonl"],
 "pack": {"name": "glue", "version": "1", "average": {"cola": ["matthews"], …}}}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluation.benchmarks import BenchmarkError, Task
from evaluation.run.errors import EvaluationError

SEED = 1234
TOGETHER = 8


@dataclass(frozen=True)
class Asked:
    """A task of the run, and where its items lie: by split the path inside the run's folder.

    A split that is not there comes from the hub. `task_version` tells its items apart from others
    of the same name.
    """

    task: Task
    data: Mapping[str, str] = field(default_factory=dict)
    task_version: str = ""


@dataclass(frozen=True)
class Spec:
    model: Mapping[str, Any]
    tasks: Sequence[Asked]
    engines: Sequence[str] = ()
    together: int = TOGETHER
    threads: int = 1
    precision: str | None = None
    shots: int | None = None
    limit: int | None = None
    chat_template: bool = False
    seed: int = SEED
    settings: Mapping[str, Any] = field(default_factory=dict)
    seen: Sequence[str] = ()
    pack: Mapping[str, Any] = field(default_factory=dict)


def spec_of(config: Mapping[str, Any]) -> Spec:
    """EvaluationError with a sentence about what is missing or misspelt."""
    try:
        tasks = [_asked(each) for each in config["tasks"]]
        rest = {name: value for name, value in config.items() if name != "tasks"}
        return Spec(**{**rest, "tasks": tasks})
    except (KeyError, TypeError, BenchmarkError) as error:
        sentence = f"The run's config.json lacks or misspells something: {error}."
        raise EvaluationError(sentence) from error


def _asked(found: Mapping[str, Any]) -> Asked:
    own = ("data", "task_version")
    told = {name: value for name, value in found.items() if name not in own}
    task = Task.from_dict(told, str(found.get("name", "a task")))
    return Asked(task, found.get("data", {}), str(found.get("task_version", task.version)))
