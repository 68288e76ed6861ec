"""What a metric says about itself, what it is given and gives, and the registry of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from evaluation.statistics.evidence import Evidence
from llmkit.registry import Registry, RegistryError, discover, near_names


class MetricError(ValueError):
    """A metric can't be computed from these items; the text is one sentence for people."""


class Need(StrEnum):
    """What the items must bring. The value completes "It needs …"."""

    OUTPUTS = "the outputs"
    REFERENCES = "references"
    NUMBERS = "numbers in outputs and references"
    CHOICES = "choices with their log-probabilities"
    LIKELIHOODS = "the log-likelihood of a text"
    REWARD_MODEL = "a reward model"
    ATTEMPTS = "attempts that were run against tests"


@dataclass(frozen=True)
class Item:
    """One question with what a model did about it. A metric reads what it needs.

    `source` is what the item came from: items of one source are drawn together; empty: the item
    itself. `log_probs`: of each choice, summed over its tokens, in nats; `right`: the place of the
    right one. `log_likelihood`: of `text`, in nats, over `tokens` tokens. `attempts`: whether each
    program passed its tests.
    """

    output: str = ""
    references: tuple[str, ...] = ()
    source: str = ""
    choices: tuple[str, ...] = ()
    log_probs: tuple[float, ...] = ()
    right: int | None = None
    text: str = ""
    log_likelihood: float | None = None
    tokens: int | None = None
    reward: float | None = None
    attempts: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Measure:
    """One number of a metric, such as ROUGE-L's recall. `higher_is_better` is None where neither
    is. `main` ones are shown without being asked for. `is_mean`: the score is the mean of the
    items' own values. `per_hundred`: it runs to 100, and is shown beside its form that runs to 1.
    """

    name: str
    label: str
    higher_is_better: bool | None = True
    low: float | None = 0.0
    high: float | None = 1.0
    main: bool = True
    is_mean: bool = True

    @property
    def per_hundred(self) -> bool:
        return self.high == 100.0


@dataclass(frozen=True)
class Finding:
    """A measure of some items. `per_item`: their own values where they have one; `is_mean`: the
    score is their mean. `left_out`: items that could not be read. `notes`: sentences for people.
    """

    evidence: Evidence
    signature: str
    per_item: Sequence[float | None] | None = None
    is_mean: bool = True
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        return self.evidence.value()

    @property
    def n(self) -> int:
        return self.evidence.items - self.left_out


@dataclass(frozen=True)
class Example:
    """A worked example: items, and what comes out by hand. `told` says the arithmetic."""

    items: tuple[Item, ...]
    values: Mapping[str, float]
    told: str


@dataclass(frozen=True)
class Metric:
    """`compute(items)` gives a Finding for each of the `measures`. `formula` is plain text;
    `library` the reference behind it, with its version, empty where the arithmetic is ours.
    """

    name: str
    label: str
    summary: str
    formula: str
    measures: tuple[Measure, ...]
    compute: Callable[[Sequence[Item]], Mapping[str, Finding]]
    example: Example
    needs: frozenset[Need] = frozenset({Need.OUTPUTS, Need.REFERENCES})
    library: str = ""
    source: str = ""
    warnings: tuple[str, ...] = field(default=())

    def measure(self, items: Sequence[Item]) -> Mapping[str, Finding]:
        """MetricError where there are no items or they lack what is needed."""
        if not items:
            raise MetricError(f"{self.label} needs at least one item.")
        for need, has in NEEDED.items():
            if need in self.needs and not all(has(item) for item in items):
                raise MetricError(f"{self.label} needs {need.value} for every item.")
        return self.compute(items)


NEEDED: Mapping[Need, Callable[[Item], bool]] = {
    Need.REFERENCES: lambda item: bool(item.references),
    Need.CHOICES: lambda item: (
        len(item.choices) == len(item.log_probs) > 0 and item.right in range(len(item.choices))
    ),
    Need.LIKELIHOODS: lambda item: item.log_likelihood is not None,
    Need.REWARD_MODEL: lambda item: item.reward is not None,
    Need.ATTEMPTS: lambda item: bool(item.attempts),
}

METRICS: Registry[Metric] = Registry("metric")


def file(metric: Metric) -> Metric:
    return METRICS.register(metric.name)(metric)


def get(name: str) -> Metric:
    """The metric of that name, or RegistryError with near names."""
    load()
    return METRICS.get(name)


def names() -> list[str]:
    load()
    return METRICS.names()


def measure_named(name: str) -> tuple[Metric, Measure]:
    """By a measure's name (`rougeL`); RegistryError with near names."""
    known = measures()
    if name not in known:
        raise RegistryError(f"'{name}' is not a known measure. {near_names(name, known)}")
    return known[name]


def label_of(name: str) -> str:
    """As the page of measures calls it; the harness's own with the filter in words."""
    known = measures()
    if name in known:
        return known[name][1].label
    plain, _, filtered = name.partition(":")
    told = known[plain][1].label if plain in known else plain.replace("_", " ").capitalize()
    return f"{told} ({filtered.replace('-', ' ')})" if filtered not in ("", "none") else told


@cache
def measures() -> dict[str, tuple[Metric, Measure]]:
    return {one.name: (get(name), one) for name in names() for one in get(name).measures}


@cache
def load() -> None:
    discover("evaluation.metrics", [str(Path(__file__).parent)])
