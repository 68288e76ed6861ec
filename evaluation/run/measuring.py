"""From samples to numbers, each with n, interval and signature.

Measures are those of `evaluation.metrics`, computed from the samples. A name such as
`exact_match:strict-match` is lm-evaluation-harness's own metric under one of its filters: then the
items' values are its values, and the number is their mean. `all_right` is the share of sources
whose every item is right (MultiRC's EM).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from evaluation import metrics
from evaluation.metrics import Finding, Item, MetricError
from evaluation.run import averaging, harness
from evaluation.run.measured import Measured
from evaluation.run.samples import Sample
from evaluation.run.spec import Asked, Spec
from evaluation.statistics.evidence import mean_of
from evaluation.statistics.intervals import interval

ALL_RIGHT = "all_right"
OWN = {"f1", "em", "exact_match", "followed"}
LABELS = {"matthews", "label_f1", "macro_f1", "accuracy"}


def item_of(sample: Sample, *, labels: bool = False) -> Item:
    """As metrics read it. `labels`: a choice counts as the place of what was chosen."""
    chosen, right = sample.get("chosen"), sample.get("right")
    if labels and right is not None:
        return Item(str(chosen), (str(right),), source=str(sample["cluster"]))
    return Item(
        output=str(sample.get("output", "")),
        references=tuple(sample.get("references", ())),
        source=str(sample["cluster"]),
        choices=tuple(bare(choice) for choice in sample.get("choices", ())),
        log_probs=tuple(sample.get("loglikelihoods", ())),
        right=right,
    )


def bare(choice: str) -> str:
    """Without the blank that parts it from the question: lengths are the answer's own."""
    return choice.removeprefix(" ")


def measured(
    asked: Asked, spec: Spec, samples: Sequence[Sample]
) -> tuple[list[Measured], list[str]]:
    """The numbers, and a sentence for each measure that can't be had. Fills the samples' values."""
    found: list[Measured] = []
    faults: list[str] = []
    for place, name in enumerate(asked.task.measures):
        try:
            found.append(one(asked, spec, samples, name, main=place == 0))
        except MetricError as error:
            faults.append(f"{asked.task.title}: {error}")
    return found, faults


def one(asked: Asked, spec: Spec, samples: Sequence[Sample], name: str, *, main: bool) -> Measured:
    finding, higher, unit = finding_of(asked, samples, name)
    sources = [str(sample["cluster"]) for sample in samples]
    shares = finding.per_item if finding.is_mean else None
    sure = interval(finding.evidence, sources, shares=shares)
    value = finding.value
    if value != value:
        raise MetricError(f"{name} is undefined for these items.")
    return Measured(
        task=asked.task.name,
        task_version=asked.task_version,
        measure=name,
        main=main,
        value=value,
        n=finding.n,
        low=sure.low,
        high=sure.high,
        method=sure.method,
        signature=f"{finding.signature}|{convention(asked, spec)}"[:400],
        higher_is_better=higher is not False,
        unit=unit,
        extra={"left_out": finding.left_out, "notes": list(finding.notes)},
    )


def of_pack(
    spec: Spec, answered: Mapping[str, Sequence[Sample]], warn: Callable[[str], None]
) -> list[Measured]:
    """The pack's average, where it has one."""
    average: averaging.Averaged = spec.pack.get("average", {})
    if not average:
        return []
    tasks = {each.task.name: each for each in spec.tasks}
    try:
        found = averaging.averaged(
            average, answered, lambda task, items, name: finding_of(tasks[task], items, name)[0]
        )
    except MetricError as error:
        warn(f"The average needs every task: {error}")
        return []
    if found.value() != found.value():
        warn("The average needs every task, and one of them has no number.")
        return []
    name, version = str(spec.pack["name"]), str(spec.pack["version"])
    told = f"{averaging.convention(average)}|pack:{name}|v:{version}|{conditions(spec)}"
    version = averaging.version_of(version, [each.task_version for each in spec.tasks])
    sources = averaging.sources_of(answered, list(average))
    return [averaging.measured(name, version, found, sources, told)]


def conditions(spec: Spec) -> str:
    shots = "own" if spec.shots is None else spec.shots
    return f"shots:{shots}|chat:{'yes' if spec.chat_template else 'own'}|lm-eval {harness.VERSION}"


def finding_of(
    asked: Asked, samples: Sequence[Sample], name: str
) -> tuple[Finding, bool | None, str]:
    if name == ALL_RIGHT:
        return all_right(samples), True, ""
    if is_own(asked, name):
        values = [float(sample["values"][name]) for sample in samples]
        return Finding(mean_of(values), f"{name}|lm-eval:{harness.VERSION}", values), True, ""
    metric, about = metrics.measure_named(name)
    items = [item_of(sample, labels=name in LABELS) for sample in samples]
    finding = metric.measure(items)[name]
    remember(samples, name, finding)
    return finding, about.higher_is_better, "0–100" if about.per_hundred else ""


def is_own(asked: Asked, name: str) -> bool:
    """Whether the harness itself says what each item is worth."""
    return asked.task.kind == "harness" and (":" in name or name in OWN)


def remember(samples: Sequence[Sample], name: str, finding: Finding) -> None:
    for sample, value in zip(samples, finding.per_item or (), strict=False):
        if value is not None:
            sample["values"][name] = float(value)


def all_right(samples: Iterable[Sample]) -> Finding:
    """One value a source, told at its first item."""
    together: dict[str, bool] = {}
    first: list[str | None] = []
    for sample in samples:
        source = str(sample["cluster"])
        first.append(None if source in together else source)
        right = sample.get("chosen") == sample.get("right")
        together[source] = together.get(source, True) and right
    values = [None if source is None else float(together[source]) for source in first]
    left_out = values.count(None)
    return Finding(mean_of(values), "all_right|by:source", values, left_out=left_out)


def convention(asked: Asked, spec: Spec) -> str:
    """What two numbers must have in common beside the metric."""
    shots = "own" if spec.shots is None else spec.shots
    parts: Mapping[str, object] = {"task": asked.task.name, "v": asked.task.version, "shots": shots}
    in_chat = spec.chat_template or asked.task.chat or asked.task.kind == "template"
    chat = "yes" if in_chat else "no"
    how = {"harness": f"lm-eval {harness.VERSION}"} if asked.task.kind == "harness" else {}
    return "|".join(f"{name}:{value}" for name, value in {**parts, "chat": chat, **how}.items())
