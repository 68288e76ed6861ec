"""Tasks of lm-evaluation-harness, built over local rows, and read back item by item."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from evaluation.benchmarks.perturbing import perturbed
from evaluation.benchmarks.task import HERE
from evaluation.run import squad
from evaluation.run.errors import EvaluationError
from evaluation.run.samples import Sample
from evaluation.run.spec import Asked, Spec
from training.run.work import read_rows

VERSION = "0.4.13"
MISSING = (
    "{title} changes the items of {of}, which are not on this machine. Bring its files on the "
    "benchmarks page."
)
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
QUIET = {"DISABLE_MULTIPROC": "1", "TOKENIZERS_PARALLELISM": "false"}
SPLITS = ("training_split", "validation_split", "test_split", "fewshot_split")


def prepare(spec: Spec) -> None:
    """The environment, before the harness is read: it asks it on import."""
    settings = {**QUIET, **({} if any(not each.data for each in spec.tasks) else OFFLINE)}
    os.environ.update(settings)
    squad.provide()


@cache
def folder() -> Path:
    import lm_eval.tasks

    return Path(str(lm_eval.tasks.__file__)).parent


def yaml_of(name: str) -> Path:
    """A file of the harness, or one of ours in its format."""
    return HERE / "harness" / name[4:] if name.startswith("our/") else folder() / name


def built(asked: Asked, spec: Spec, home: Path) -> dict[str, Any]:
    """The harness's tasks by their names; one for each part where a task has parts."""
    splits = {
        split: changed(asked, rows_at(home / path), split)
        for split, path in needed(asked, spec).items()
    }
    if asked.task.perturb and not splits:
        raise EvaluationError(MISSING.format(title=asked.task.title, of=asked.task.of))
    if not asked.task.parts:
        return _one(asked, asked.task.harness, splits, spec)
    found: dict[str, Any] = {}
    for part in parts_of(asked, splits):
        name = asked.task.harness.format(part=part)
        own = {split: _of_part(rows, asked.task.parts, part) for split, rows in splits.items()}
        found |= _one(asked, name, own, spec, part)
    return found


def changed(asked: Asked, rows: list[Sample], split: str) -> list[Sample]:
    """What is asked of a perturbed task is changed; its worked examples are not."""
    task = asked.task
    if not task.perturb or split != task.split:
        return rows
    return [perturbed(task.perturb, task.perturbs, row) for row in rows]


def needed(asked: Asked, spec: Spec) -> Mapping[str, str]:
    """Without shots only what is asked: a split to draw them from may be huge."""
    without = spec.shots == 0
    return {s: path for s, path in asked.data.items() if not without or s == asked.task.split}


def parts_of(asked: Asked, splits: Mapping[str, Sequence[Sample]]) -> list[str]:
    """The values that are there, or all that the harness has a file for."""
    if splits:
        return sorted({str(row[asked.task.parts]) for row in splits[asked.task.split]})
    before, after = asked.task.harness.split("{part}")
    paths = folder().glob(f"{before}*{after}")
    return sorted(path.name[len(Path(before).name) : -len(after)] for path in paths)


def _of_part(rows: Sequence[Sample], column: str, part: str) -> list[Sample]:
    return [row for row in rows if str(row[column]) == part]


def rows_at(path: Path) -> list[Sample]:
    return list(read_rows(path))


def _one(
    asked: Asked, name: str, splits: Mapping[str, Sequence[Sample]], spec: Spec, part: str = ""
) -> dict[str, Any]:
    """Under our name: two tasks may share a file of the harness."""
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml

    try:
        config = {**load_yaml(yaml_of(name)), **asked.task.changes}
    except OSError as error:
        raise EvaluationError(f"{asked.task.title}: {name} can't be read.") from error
    for each in ("tag", "group", "task_list"):
        config.pop(each, None)
    config["task"] = "_".join(filter(None, (asked.task.name, part)))
    shots = config.get("num_fewshot") or 0 if spec.shots is None else spec.shots
    if splits:
        config |= over_rows(config, splits, asked, shots)
    try:
        made = ConfigurableTask(config=config)
    except Exception as error:
        raise EvaluationError(unreachable(asked, error)) from error
    made.set_config(key="num_fewshot", value=shots)
    made.set_fewshot_seed(seed=spec.seed)
    return {config["task"]: made}


def unreachable(asked: Asked, error: Exception) -> str:
    first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return (
        f"The items of {asked.task.title} are not on this machine and can't be fetched: {first}. "
        "Bring its files on the benchmarks page, or run it where there is internet."
    )


def over_rows(
    config: Mapping[str, Any], splits: Mapping[str, Sequence[Sample]], asked: Asked, shots: int
) -> dict[str, Any]:
    """What makes the harness read these rows instead of the hub."""
    changes: dict[str, Any] = {"custom_dataset": lambda **_: dataset_of(splits)}
    changes["dataset_kwargs"] = None
    split = asked.task.split
    changes |= {name: config[name] for name in SPLITS if config.get(name) in splits}
    changes |= {name: None for name in SPLITS if config.get(name) not in (None, *splits)}
    if split not in changes.values():
        changes["test_split"] = split
    examples = (config.get("fewshot_config") or {}).get("samples")
    missing = config.get("fewshot_split") or config.get("training_split")
    if shots and not examples and missing and missing not in splits:
        raise EvaluationError(
            f"{asked.task.title} takes its {shots} shots from the split {missing}, which is not on "
            "this machine. Bring that split too, or ask for 0 shots."
        )
    return changes


def dataset_of(splits: Mapping[str, Sequence[Sample]]) -> Any:
    """In memory, so that no cache on disk grows with every run."""
    from datasets import Dataset, DatasetDict

    return DatasetDict({name: Dataset.from_list(list(rows)) for name, rows in splits.items()})


def samples_of(
    asked: Asked, logged: Sequence[Mapping[str, Any]], part: str = ""
) -> Iterator[Sample]:
    """The harness's log of a task, one sample an item whatever filters it has."""
    merged: dict[int, Sample] = {}
    for each in logged:
        place = int(each["doc_id"])
        sample = merged.setdefault(place, sample_of(asked, each, part))
        plain = each["filter"] == "none"
        values = {name: numeric(each[name]) for name in each["metrics"]}
        named = {name if plain else f"{name}:{each['filter']}": v for name, v in values.items()}
        also = {f"{name}:none": value for name, value in values.items()} if plain else {}
        sample["values"] |= {name: v for name, v in {**also, **named}.items() if v is not None}
    return iter(merged.values())


def words_in(value: Any) -> str:
    """All texts of a row, for finding them elsewhere."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = list(value.values())
    return "\n".join(filter(None, map(words_in, value))) if isinstance(value, list) else ""


def numeric(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def sample_of(asked: Asked, each: Mapping[str, Any], part: str) -> Sample:
    """Without its measures."""
    doc, contexts = each["doc"], [str(arguments[0]) for arguments in each["arguments"]]
    name = "-".join(word for word in (asked.task.name, part, str(each["doc_id"])) if word)
    sample: Sample = {"id": name, "cluster": cluster_of(asked, doc, name), "values": {}}
    sample["text"] = words_in(doc)
    sample |= {"category": part} if part else {}
    first = each["arguments"][0]
    if len(first) > 1 and isinstance(first[1], str):
        return sample | choice_of(each, contexts)
    written = [str(text) for found in each["resps"] for text in found]
    references = each["target"] if isinstance(each["target"], list) else [each["target"]]
    return sample | {
        "prompt": contexts[0],
        "output": written[0] if written else "",
        "references": [str(reference) for reference in references],
    }


def choice_of(each: Mapping[str, Any], contexts: Sequence[str]) -> Sample:
    """A multiple choice: what could be chosen, how likely each was, which is right."""
    choices = [str(arguments[1]) for arguments in each["arguments"]]
    logprobs = [float(found[0][0]) for found in each["resps"]]
    chosen = logprobs.index(max(logprobs))
    target = each["target"]
    right = target if isinstance(target, int) and not isinstance(target, bool) else None
    if isinstance(target, str):
        right = int(target) if target.isdecimal() else bare(choices).index(target.strip())
    told = {"choices": choices, "loglikelihoods": logprobs, "chosen": chosen, "right": right}
    references = [choices[right]] if right is not None else [str(target)]
    prompts: dict[str, Any] = {"prompt": contexts[0]}
    if len(set(contexts)) > 1:
        prompts["prompts"] = contexts
    return {**prompts, "output": choices[chosen], "references": references, **told}


def bare(choices: Sequence[str]) -> list[str]:
    return [choice.strip() for choice in choices]


def cluster_of(asked: Asked, doc: Mapping[str, Any], name: str) -> str:
    """What the item came from: by default itself."""
    columns = [asked.task.cluster] if isinstance(asked.task.cluster, str) else asked.task.cluster
    values = [doc[column] for column in columns if column and column in doc]
    return short(values) if values else name


def short(values: Sequence[Any]) -> str:
    text = json.dumps(values, ensure_ascii=True, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
