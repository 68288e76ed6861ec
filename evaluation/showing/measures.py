"""Every metric as the page of measures tells it, its worked example computed for the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from evaluation import metrics, sandbox
from evaluation.metrics import Measure, Metric, Need

GROUPS: Mapping[str, Sequence[str]] = {
    "Texts against references": (
        "rouge", "bleu", "chrf", "exact_match", "exact_string", "token_f1",
    ),
    "Labels, numbers and choices": (
        "accuracy", "label_f1", "matthews", "pearson", "spearman", "choices", "calibration",
    ),
    "Probabilities": ("perplexity",),
    "Without a reference": ("reward", "toxicity", "length"),
    "Programs": ("pass_at_k",),
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    label: str
    value: float
    direction: str
    between: str


@dataclass(frozen=True)
class Told:
    """A metric with the values of its example; `off` says why it can't be had here."""

    metric: Metric
    values: Sequence[Value]
    signature: str
    needs: str
    off: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    metrics: Sequence[Told]


def groups() -> list[Group]:
    """Those that no group names come last."""
    named = {name for names in GROUPS.values() for name in names}
    others = [name for name in metrics.names() if name not in named]
    every = {**GROUPS, "Others": others} if others else GROUPS
    return [Group(title, [told(name) for name in names]) for title, names in every.items()]


@cache
def told(name: str) -> Told:
    metric = metrics.get(name)
    found = metric.measure(metric.example.items)
    values = [
        Value(one.label, found[one.name].value, direction(one), between(one))
        for one in metric.measures
        if one.name in found
    ]
    signature = found[next(iter(found))].signature
    off = sandbox.state().reason if Need.ATTEMPTS in metric.needs else ""
    return Told(metric, values, signature, needs(metric), off)


def direction(measure: Measure) -> str:
    words = {True: "higher is better", False: "lower is better", None: "neither is better"}
    return words[measure.higher_is_better]


def between(measure: Measure) -> str:
    if measure.low is None:
        return "any number"
    if measure.high is None:
        return f"from {measure.low:g}"
    return f"{measure.low:g} to {measure.high:g}"


def needs(metric: Metric) -> str:
    return ", ".join(need.value for need in Need if need in metric.needs)
