"""One contract for every metric: its worked example, its ranges, its evidence, its needs."""

import math

import numpy as np
import pytest

from evaluation import metrics
from evaluation.metrics import Item, MetricError, Need
from evaluation.statistics.intervals import interval
from llmkit.registry import RegistryError


def approximately(value: float | list[float]) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", metrics.names())
def test_a_metric_keeps_the_contract(name: str) -> None:
    metric = metrics.get(name)
    items = metric.example.items
    found = metric.measure(items)
    told = {measure.name: measure for measure in metric.measures}
    assert set(found) <= set(told)
    assert set(metric.example.values) <= set(found)
    assert metric.label and metric.summary.endswith(".") and metric.formula and metric.example.told
    for measured, value in metric.example.values.items():
        assert found[measured].value == approximately(value), measured
    for measured, finding in found.items():
        keeps(told[measured], finding, items)


def keeps(measure: metrics.Measure, finding: metrics.Finding, items: tuple[Item, ...]) -> None:
    value = finding.value
    assert math.isfinite(value)
    assert (measure.low is None or value >= measure.low) and (
        measure.high is None or value <= measure.high
    )
    assert finding.signature.lower().startswith(measure.name.lower())
    assert finding.n == len(items)
    assert finding.is_mean == measure.is_mean
    drawn, owners = np.ones((2, len(items))), np.arange(len(items))
    assert finding.evidence.again(drawn, owners) == approximately([value, value])
    if finding.per_item is not None:
        assert len(finding.per_item) == len(items)
        if finding.is_mean:
            assert np.mean([one or 0 for one in finding.per_item]) == approximately(value)
    sure = interval(finding.evidence, range(len(items)))
    assert sure.low is None or sure.high is None or sure.low <= sure.high


@pytest.mark.parametrize("name", metrics.names())
def test_a_metric_refuses_items_that_lack_what_it_needs(name: str) -> None:
    metric = metrics.get(name)
    with pytest.raises(MetricError, match="at least one item"):
        metric.measure([])
    if metric.needs - {Need.OUTPUTS, Need.NUMBERS}:
        with pytest.raises(MetricError, match="needs"):
            metric.measure([Item("only an output")])


def test_an_unknown_metric_or_measure_suggests_a_near_one() -> None:
    with pytest.raises(RegistryError, match="Did you mean 'rouge'"):
        metrics.get("rogue")
    with pytest.raises(RegistryError, match="Did you mean 'rougeLsum'"):
        metrics.measure_named("rougelsum")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("rougeL", "ROUGE-L"),
        ("exact_match:flexible-extract", "Exact match (flexible extract)"),
        ("acc:none", "acc"),
        ("acc_of_two", "Acc of two"),
    ],
)
def test_a_measure_of_ours_or_the_harness_has_one_name_in_words(name: str, label: str) -> None:
    assert metrics.label_of(name) == label


def test_numbers_that_cannot_be_read_are_left_out_and_told() -> None:
    items = [Item("1", ("1",)), Item("none", ("2",)), Item("3", ("3",)), Item("4", ("5",))]
    found = metrics.get("pearson").measure(items)["pearson"]
    assert (found.n, found.left_out) == (3, 1)
    assert found.notes == ("1 outputs are no numbers and were left out.",)
    with pytest.raises(MetricError, match="reference of item 1 is not a number"):
        metrics.get("spearman").measure([Item("1", ("one",)), Item("2", ("2",))])


def test_a_reference_that_normalises_to_nothing_is_told() -> None:
    found = metrics.get("exact_match").measure([Item("", ("(A)",)), Item("b", ("b",))])
    assert "Take 'exact_string'" in found["exact_match"].notes[0]
    assert metrics.get("exact_string").measure([Item("", ("(A)",))])["exact_string"].value == 0
