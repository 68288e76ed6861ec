"""What two models said to the same items, read from their runs' samples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evaluation import benchmarks, metrics
from evaluation.metrics import Finding, MetricError
from evaluation.models import EvaluationRun
from evaluation.run import averaging, samples
from evaluation.run.averaging import AVERAGE
from evaluation.run.measuring import ALL_RIGHT, LABELS, all_right, item_of
from evaluation.run.samples import Sample
from evaluation.services.errors import EvaluationsError
from evaluation.statistics.evidence import mean_of
from llmkit.registry import RegistryError


@dataclass(frozen=True)
class Met:
    """The items that all of the runs have, in the first one's order: one list for each run."""

    sources: Sequence[str]
    samples: Sequence[Sequence[Sample]]

    def __len__(self) -> int:
        return len(self.sources)


def met(runs: Sequence[EvaluationRun], task: str) -> Met:
    """EvaluationsError where they have none in common. A pack's items are those of its tasks."""
    by_id = [{str(one["id"]): one for one in items_of(run, task)} for run in runs]
    shared = [key for key in by_id[0] if all(key in other for other in by_id[1:])]
    if not shared:
        raise EvaluationsError(f"There are no items of {task} that all of these runs answered.")
    chosen = [[each[key] for key in shared] for each in by_id]
    return Met([source_of(one) for one in chosen[0]], chosen)


def items_of(run: EvaluationRun, task: str) -> Iterator[Sample]:
    """Those of a pack know which task they are of."""
    average = averages(task)
    if not average:
        yield from samples.read(run.folder, task)
    for part in average:
        for sample in samples.read(run.folder, part):
            yield {**sample, "id": f"{part}/{sample['id']}", "task": part}


def averages(pack: str) -> averaging.Averaged:
    return benchmarks.benchmark(pack).averaged if pack in benchmarks.packs() else {}


def source_of(sample: Sample) -> str:
    cluster = str(sample["cluster"])
    return f"{sample['task']}/{cluster}" if "task" in sample else cluster


def finding(found: Sequence[Sample], measure: str) -> Finding:
    """The measure of these items again: from their own values where it is their mean, else by its
    metric. EvaluationsError where neither can be had."""
    if measure == AVERAGE:
        return average_of(found)
    if measure == ALL_RIGHT:
        return all_right(found)
    values = [value_of(sample, measure) for sample in found]
    if is_mean(measure) and None not in values:
        return Finding(mean_of(values), measure, values)
    try:
        metric, _ = metrics.measure_named(measure)
        items = [item_of(sample, labels=measure in LABELS) for sample in found]
        return metric.measure(items)[measure]
    except (RegistryError, MetricError, KeyError) as error:
        raise EvaluationsError(f"{measure} can't be compared item by item.") from error


def average_of(found: Sequence[Sample]) -> Finding:
    """EvaluationsError where a task of the pack has no items among these."""
    by_task: dict[str, list[Sample]] = {}
    for sample in found:
        by_task.setdefault(str(sample.get("task", "")), []).append(sample)
    pack = next((each for each in benchmarks.packs() if set(averages(each)) == set(by_task)), "")
    if not pack:
        raise EvaluationsError("An average can't be compared on a part of its tasks.")
    whole = averaging.averaged(averages(pack), by_task, lambda _, items, name: finding(items, name))
    return Finding(whole, AVERAGE, is_mean=False)


def values_of(
    found: Sequence[Sample], task: str, per_item: Sequence[float | None] | None
) -> Sequence[float | None]:
    """What each item is worth; an item of a pack by what its own task is averaged by."""
    pack = averages(task)
    if pack:
        return [own_value(sample, pack[str(sample["task"])]) for sample in found]
    return per_item or [None] * len(found)


def own_value(sample: Sample, measures: Sequence[str]) -> float | None:
    """None where a measure has no value for one item alone."""
    values = [value_of(sample, measure) for measure in measures]
    return None if None in values else sum(value or 0 for value in values) / len(values)


def value_of(sample: Sample, measure: str) -> float | None:
    values: Mapping[str, float] = sample.get("values", {})
    found = values.get(measure)
    return None if found is None else float(found)


def is_mean(measure: str) -> bool:
    """What is no measure of ours is the harness's own: a mean."""
    try:
        return metrics.measure_named(measure)[1].is_mean
    except RegistryError:
        return True


def higher_is_better(measure: str) -> bool | None:
    try:
        return metrics.measure_named(measure)[1].higher_is_better
    except RegistryError:
        return True
