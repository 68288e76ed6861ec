"""A pack's average counts every task once, and is told apart by a paired test."""

import json
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evaluation import benchmarks
from evaluation.benchmarks import BenchmarkError, Pack
from evaluation.benchmarks.catalogue import check_average
from evaluation.metrics import Finding
from evaluation.run import averaging
from evaluation.run.running import SUCCEEDED, run
from evaluation.run.samples import Sample
from evaluation.statistics.evidence import mean_of
from evaluation.statistics.ranks import shared_ranks
from training.run.folder import RunFolder
from training.run.stopping import Stop

PACK = {"few": ["acc"], "many": ["acc", "f1"]}


def answered(few: Sequence[float], many: Sequence[float]) -> dict[str, list[Sample]]:
    return {
        task: [{"cluster": str(n), "values": {"acc": v, "f1": v / 2}} for n, v in enumerate(values)]
        for task, values in (("few", few), ("many", many))
    }


def find(_: str, samples: Sequence[Sample], measure: str) -> Finding:
    return Finding(mean_of([sample["values"][measure] for sample in samples]), measure)


def test_each_task_counts_once_and_two_measures_as_their_mean() -> None:
    """few: 1. many: (0.25 + 0.125) / 2 = 0.1875. Together: 0.59375, not the mean of six items."""
    items = answered([1, 1], [0, 0, 0, 1])
    whole = averaging.averaged(PACK, items, find)
    assert whole.value() == pytest.approx((1 + (0.25 + 0.125) / 2) / 2)
    sources = averaging.sources_of(items, list(PACK))
    assert len(set(sources)) == whole.items == 6
    twice = np.array([[1.0] * 6, [2.0, 0, 0, 0, 0, 4.0]])
    assert whole.again(twice, np.arange(6)) == pytest.approx([0.59375, (1 + 0.75) / 2])
    found = averaging.measured("pack", "1", whole, sources, "signature")
    assert found.main and found.n == 6 and found.low is not None and found.high is not None
    assert found.low < found.value < found.high


def test_averages_that_a_test_cannot_separate_share_a_rank() -> None:
    def of(*values: float) -> Any:
        return averaging.averaged(PACK, answered(values[:20], values[20:]), find)

    good, bad = [1.0] * 60, [0.0] * 60
    close = [0.0, *good[1:]]
    sources = averaging.sources_of(answered(good[:20], good[20:]), list(PACK))
    assert shared_ranks([of(*good), of(*close), of(*bad)], sources) == [1, 1, 3]


def test_glue_counts_as_its_paper_does() -> None:
    glue = benchmarks.benchmark("glue").averaged
    assert len(glue) == 9
    assert glue["cola"] == ["matthews"] and glue["mrpc"] == ["acc", "label_f1"]
    assert glue["stsb"] == ["pearson", "spearman"] and glue["sst2"] == ["acc"]
    assert benchmarks.benchmark("super_glue").averaged["multirc"] == ["label_f1", "all_right"]
    assert benchmarks.benchmark("helm").averaged == {} == benchmarks.benchmark("cola").averaged
    wrong: Any = {"cola": ["rougeL"]}
    with pytest.raises(BenchmarkError, match="averages cola by what it does not have"):
        check_average(Pack("p", "P", "", "1", ("cola",), wrong), "p.yaml")


def test_a_run_over_a_pack_tells_its_average(folder_for: Callable[..., RunFolder]) -> None:
    arc = benchmarks.benchmark("starter")
    names = ["starter_sentiment", "starter_facts"]
    average = {name: arc.averaged[name] for name in names}
    pack = {"name": "starter", "version": "1", "average": average}
    folder = folder_for(*names, limit=3, pack=pack)
    assert run(folder, Stop()) == SUCCEEDED
    scores = json.loads((folder.path / "scores.json").read_text())
    first, *others = [SimpleNamespace(**each) for each in scores if each["main"]]
    assert (first.task, first.measure, first.n) == ("starter", "average", 6)
    assert first.value == pytest.approx(sum(each.value for each in others) / 2)
    assert first.signature.startswith("average|of:2 tasks, each once|pack:starter|v:1|shots:own")
