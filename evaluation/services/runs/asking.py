"""What a person asks for, checked before a row is made."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation import benchmarks, metrics
from evaluation.benchmarks import Benchmark, BenchmarkError, bringing
from evaluation.run.spec import SEED
from evaluation.services.errors import EvaluationsError
from evaluation.services.places import benchmarks_dir
from evaluation.services.runs.subjects import Subject, subject_named
from llmkit.prompts import PromptTemplate, PromptTemplateError
from llmkit.registry import RegistryError
from llmkit.types import GenerationSettings, SettingsError
from training.kinds import KINDS
from training.models import Dataset, DatasetVersion
from training.services.datasets import DatasetError, version_named

DEFAULT_MEASURES = ("rougeL", "exact_match")
SETTINGS = ("temperature", "max_tokens", "top_k", "top_p", "repetition_penalty")


@dataclass(frozen=True)
class Asked:
    """An evaluation that can be made. `prompt` is a template's data with its name and version."""

    subject: Subject
    benchmark: Benchmark | None = None
    dataset: DatasetVersion | None = None
    split: str = ""
    prompt: Mapping[str, Any] = field(default_factory=dict)
    measures: tuple[str, ...] = ()
    shots: int | None = None
    limit: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = SEED
    chat_template: bool = False
    name: str = ""

    @property
    def matter(self) -> str:
        if self.benchmark is not None:
            return self.benchmark.matter
        return f"dataset:{self.dataset.pk if self.dataset else ''}:{self.split}"

    @property
    def convention(self) -> str:
        """Equal exactly where two numbers of one matter may be compared."""
        told = {
            "prompt": self.prompt.get("spec", {}),
            "shots": self.shots,
            "settings": dict(self.settings),
            "seed": self.seed,
            "limit": self.limit,
            "chat_template": self.chat_template,
        }
        text = json.dumps(told, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def items(self) -> int:
        """How many are asked, as far as that is known before."""
        if self.dataset is not None:
            return least(self.limit, rows_in(self.dataset, self.split))
        return (
            sum(least(self.limit, each.size) for each in self.benchmark.tasks)
            if (self.benchmark)
            else 0
        )


def least(limit: int | None, rows: int) -> int:
    return rows if limit is None else min(limit, rows)


def asked(values: Mapping[str, Any]) -> Asked:
    """From the values of a command or a form. EvaluationsError with the first thing that is wrong.

    model, benchmark or dataset with split; limit, shots, seed, chat_template, settings, measures,
    prompt: {"name", "version", "spec"}.
    """
    subject = subject_named(str(values.get("model") or ""))
    common = {
        "subject": subject,
        "limit": whole(values, "limit", 1, 10_000_000),
        "shots": whole(values, "shots", 0, 100),
        "seed": SEED if (seed := whole(values, "seed", 0, 2**31)) is None else seed,
        "settings": settings_of(values.get("settings") or {}),
        "name": str(values.get("name") or "")[:96],
    }
    if bool(values.get("benchmark")) == bool(values.get("dataset")):
        raise EvaluationsError("Name a benchmark, or a dataset of your own.", "benchmark")
    if values.get("benchmark"):
        return of_benchmark(str(values["benchmark"]), common, bool(values.get("chat_template")))
    return of_dataset(values, common)


def of_benchmark(name: str, common: Mapping[str, Any], chat: bool) -> Asked:
    try:
        found = benchmarks.benchmark(name)
    except BenchmarkError as error:
        raise EvaluationsError(str(error), "benchmark") from error
    subject: Subject = common["subject"]
    reads = [task.title for task in found.tasks if not task.writes]
    if subject.model is None and reads:
        raise EvaluationsError(
            f"{subject.name} is answered by another server, but {reads[0]} reads how likely texts "
            "are, which needs a model on this machine.",
            "model",
        )
    return Asked(**common, benchmark=found, chat_template=chat)


def of_dataset(values: Mapping[str, Any], common: Mapping[str, Any]) -> Asked:
    version = dataset_of(values["dataset"], values.get("dataset_version"))
    split = split_of(version, str(values.get("split") or ""))
    return Asked(
        **common,
        dataset=version,
        split=split,
        prompt=prompt_of(values.get("prompt") or {}),
        measures=measures_of(values.get("measures") or DEFAULT_MEASURES),
        chat_template=True,
    )


def dataset_of(named: Any, number: Any) -> DatasetVersion:
    try:
        version = named if isinstance(named, DatasetVersion) else version_named(named, number)
    except DatasetError as error:
        raise EvaluationsError(str(error), "dataset") from error
    if version.dataset.kind != Dataset.Kind.EVALUATION:
        kind = version.dataset.get_kind_display().lower()
        raise EvaluationsError(
            f"{version.dataset} holds {kind}; an evaluation takes an evaluation set.", "dataset"
        )
    return version


def file_of(version: DatasetVersion, split: str) -> str:
    return f"{KINDS.get(version.dataset.kind).file}{split}.jsonl"


def rows_in(version: DatasetVersion, split: str) -> int:
    return int(version.files.get(file_of(version, split), {}).get("rows", 0))


def split_of(version: DatasetVersion, wanted: str) -> str:
    """The wanted one, else the first of test, validation, train that has rows."""
    for split in [wanted] if wanted else ["test", "validation", "train"]:
        if rows_in(version, split):
            return split
    raise EvaluationsError(f"{version} has no rows in its split {wanted or 'test'}.", "split")


def prompt_of(values: Mapping[str, Any]) -> dict[str, Any]:
    if not values:
        return {}
    try:
        spec = PromptTemplate.from_dict(values["spec"]).to_dict()
    except (PromptTemplateError, KeyError) as error:
        raise EvaluationsError(f"The template can't be used: {error}", "template") from error
    return {"name": values.get("name", ""), "version": values.get("version"), "spec": spec}


def measures_of(names: Any) -> tuple[str, ...]:
    wanted = [names] if isinstance(names, str) else list(names)
    try:
        for name in wanted:
            metrics.measure_named(name)
    except RegistryError as error:
        raise EvaluationsError(str(error), "measures") from error
    return tuple(dict.fromkeys(wanted))


def settings_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was asked for, in range."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    unknown = sorted(set(given) - {*SETTINGS, "stop"})
    if unknown:
        raise EvaluationsError(f"Unknown setting: {', '.join(unknown)}.", "settings")
    try:
        GenerationSettings.from_dict(given).validated()
    except SettingsError as error:
        raise EvaluationsError(str(error), "settings") from error
    return given


def whole(values: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    value = values.get(name)
    if value in (None, ""):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise EvaluationsError(f"{name} must be a whole number.", name) from error
    if not low <= number <= high:
        raise EvaluationsError(f"{name} must be between {low:,} and {high:,}.", name)
    return number


def missing_files(benchmark: Benchmark) -> list[str]:
    """Titles of its tasks whose items are not on this machine."""
    return [
        task.title
        for task in benchmark.tasks
        if task.split not in bringing.local(task, benchmarks_dir())
    ]
