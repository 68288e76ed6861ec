"""What two models said to the same items, read from their runs' samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation import metrics
from evaluation.metrics import Finding, MetricError
from evaluation.models import EvaluationRun
from evaluation.run import samples
from evaluation.run.measuring import LABELS, item_of
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
    """EvaluationsError where they have none in common."""
    by_id = [{str(one["id"]): one for one in samples.read(run.folder, task)} for run in runs]
    shared = [key for key in by_id[0] if all(key in other for other in by_id[1:])]
    if not shared:
        raise EvaluationsError(f"There are no items of {task} that all of these runs answered.")
    chosen = [[each[key] for key in shared] for each in by_id]
    return Met([str(one["cluster"]) for one in chosen[0]], chosen)


def finding(found: Sequence[Sample], measure: str) -> Finding:
    """The measure of these items again: from their own values where it is their mean, else by its
    metric. EvaluationsError where neither can be had."""
    values = [value_of(sample, measure) for sample in found]
    if is_mean(measure) and None not in values:
        return Finding(mean_of(values), measure, values)
    try:
        metric, _ = metrics.measure_named(measure)
        items = [item_of(sample, labels=measure in LABELS) for sample in found]
        return metric.measure(items)[measure]
    except (RegistryError, MetricError, KeyError) as error:
        raise EvaluationsError(f"{measure} can't be compared item by item.") from error


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
