"""Scores of outputs made elsewhere: each measure with n, interval and signature, and the tests of
every pair of systems on the same rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import isnan

from evaluation import metrics, sandbox
from evaluation.metrics import Finding, Item, Measure, Metric, MetricError, Need
from evaluation.services.errors import EvaluationsError
from evaluation.services.scoring_files import Line, Sheet
from evaluation.statistics.holm import holm
from evaluation.statistics.intervals import Sure, intervals
from evaluation.statistics.paired import Difference, paired
from evaluation.statistics.ranks import shared_ranks
from llmkit.registry import RegistryError, near_names

IMPOSSIBLE = {Need.CHOICES, Need.LIKELIHOODS}
Judge = Callable[[Sequence[tuple[str, str]]], Sequence[float]]
"""Scores of (prompt, output), in their order."""


@dataclass(frozen=True)
class Scored:
    """One number on a file; `rank` is shared with those that can't be told apart."""

    measure: Measure
    finding: Finding
    sure: Sure
    rank: int = 1

    @property
    def value(self) -> float | None:
        return None if isnan(self.finding.value) else self.finding.value


@dataclass(frozen=True)
class Compared:
    measure: Measure
    first: str
    second: str
    difference: Difference
    p_holm: float | None = None


@dataclass(frozen=True)
class Scores:
    """By system, then by measure's name; and the tests of every pair, for the main measures."""

    systems: Mapping[str, Mapping[str, Scored]]
    comparisons: Sequence[Compared]


@dataclass(frozen=True)
class Wanted:
    """A metric, and of its measures those that were asked for."""

    metric: Metric
    measures: tuple[Measure, ...]


def wanted(names: Sequence[str]) -> list[Wanted]:
    """From names of metrics (`rouge`) or measures (`rougeL`). EvaluationsError for an unknown one
    and for what a file of outputs can't have."""
    if not names:
        raise EvaluationsError("Name at least one measure.", "metrics")
    found = [one_wanted(name) for name in dict.fromkeys(names)]
    for one in found:
        if lacks := IMPOSSIBLE & one.metric.needs:
            told = f"{one.metric.label} needs {lacks.pop().value}, which a file of outputs has not."
            raise EvaluationsError(told, "metrics")
        if Need.ATTEMPTS in one.metric.needs and not (state := sandbox.state()).works:
            raise EvaluationsError(f"{one.metric.label} is off here. {state.reason}", "metrics")
    return found


def one_wanted(name: str) -> Wanted:
    try:
        if name in metrics.names():
            metric = metrics.get(name)
            return Wanted(metric, metric.measures)
        metric, measure = metrics.measure_named(name)
    except RegistryError as error:
        told = near_names(name, metrics.names())
        raise EvaluationsError(f"'{name}' is not a known metric. {told}", "metrics") from error
    return Wanted(metric, (measure,))


def score(sheet: Sheet, asked: Sequence[Wanted], *, judge: Judge | None = None) -> Scores:
    """EvaluationsError where a metric can't be had from these outputs."""
    names = list(sheet.lines[0].outputs)
    sources = [line.source for line in sheet.lines]
    found: dict[str, dict[str, tuple[Measure, Finding]]] = {}
    for name in names:
        items = items_of(sheet.lines, name, asked, judge)
        found[name] = of_system(name, items, asked)
    sure = with_intervals(found, sources)
    return Scores(ranked(sure, sources), compared(found, sources))


def of_system(
    name: str, items: Sequence[Item], asked: Sequence[Wanted]
) -> dict[str, tuple[Measure, Finding]]:
    found = {}
    for one in asked:
        try:
            findings = one.metric.measure(items)
        except MetricError as error:
            raise EvaluationsError(f"{name}: {error}", "metrics") from error
        for measure in one.measures:
            if measure.name in findings:
                found[measure.name] = (measure, findings[measure.name])
    return found


def with_intervals(
    found: Mapping[str, Mapping[str, tuple[Measure, Finding]]], sources: Sequence[str]
) -> dict[str, dict[str, Scored]]:
    """All under the same draws."""
    flat = [(name, key, *found[name][key]) for name in found for key in found[name]]
    many = [(f.evidence, f.per_item if f.is_mean else None) for _, _, _, f in flat]
    made: dict[str, dict[str, Scored]] = {name: {} for name in found}
    for (name, key, measure, finding), sure in zip(flat, intervals(many, sources), strict=True):
        made[name][key] = Scored(measure, finding, sure)
    return made


def ranked(
    found: Mapping[str, Mapping[str, Scored]], sources: Sequence[str]
) -> dict[str, dict[str, Scored]]:
    made = {name: dict(measures) for name, measures in found.items()}
    for key in shared_measures(found):
        column = [made[name][key] for name in made]
        direction = column[0].measure.higher_is_better
        if direction is None:
            continue
        findings = [one.finding for one in column]
        ranks = shared_ranks(
            [finding.evidence for finding in findings],
            sources,
            outcomes=outcomes(findings),
            higher_is_better=direction,
        )
        for name, rank in zip(made, ranks, strict=True):
            made[name][key] = replace(made[name][key], rank=rank)
    return made


def shared_measures(found: Mapping[str, Mapping[str, object]]) -> list[str]:
    first, *others = found.values()
    return [key for key in first if all(key in other for other in others)]


def outcomes(findings: Sequence[Finding]) -> list[list[float]] | None:
    """The items' own values, where the score is their mean and all are known."""
    if not all(finding.is_mean and finding.per_item is not None for finding in findings):
        return None
    values = [list(finding.per_item or ()) for finding in findings]
    if any(value is None for one in values for value in one):
        return None
    return [[float(value or 0) for value in one] for one in values]


def compared(
    found: Mapping[str, Mapping[str, tuple[Measure, Finding]]], sources: Sequence[str]
) -> list[Compared]:
    made: list[Compared] = []
    for key in shared_measures(found):
        if not next(iter(found.values()))[key][0].main:
            continue
        pairs = [
            pair(found[first][key], found[second][key], first, second, sources)
            for first, second in combinations(found, 2)
        ]
        made += corrected(pairs)
    return made


def pair(
    one: tuple[Measure, Finding],
    other: tuple[Measure, Finding],
    first: str,
    second: str,
    sources: Sequence[str],
) -> Compared:
    values = outcomes([one[1], other[1]])
    difference = paired(
        one[1].evidence,
        other[1].evidence,
        sources,
        outcomes=(values[0], values[1]) if values else None,
    )
    return Compared(one[0], first, second, difference)


def corrected(pairs: Sequence[Compared]) -> list[Compared]:
    """With Holm's correction over the pairs of one measure."""
    known = [one.difference.p for one in pairs if one.difference.p is not None]
    adjusted = iter(holm(known))
    return [
        one if one.difference.p is None else replace(one, p_holm=next(adjusted)) for one in pairs
    ]


def items_of(
    lines: Sequence[Line], system: str, asked: Sequence[Wanted], judge: Judge | None
) -> list[Item]:
    needs = {need for one in asked for need in one.metric.needs}
    items = [
        Item(line.outputs[system][0], line.references, line.source, text=line.references[0])
        for line in lines
    ]
    if Need.REWARD_MODEL in needs:
        items = judged(items, lines, judge)
    if Need.ATTEMPTS in needs:
        return [
            replace(item, attempts=attempts(line, system))
            for item, line in zip(items, lines, strict=True)
        ]
    if several := next((line for line in lines if len(line.outputs[system]) > 1), None):
        raise EvaluationsError(
            f"Row {several.number} has several outputs of {system}; only pass@k takes them.",
            "systems",
        )
    return items


def judged(items: Sequence[Item], lines: Sequence[Line], judge: Judge | None) -> list[Item]:
    if judge is None or not all(line.prompt for line in lines):
        raise EvaluationsError(
            "For the reward, name a reward model and the column of prompts.", "metrics"
        )
    rewards = judge([(line.prompt, item.output) for line, item in zip(lines, items, strict=True)])
    return [replace(item, reward=reward) for item, reward in zip(items, rewards, strict=True)]


def attempts(line: Line, system: str) -> tuple[bool, ...]:
    """Each program after its prompt, against the tests that stand in the reference."""
    tests = "\n".join(line.references) + (f"\ncheck({line.entry})" if line.entry else "")
    return tuple(
        sandbox.passes(line.prompt + output, tests).passed for output in line.outputs[system]
    )
