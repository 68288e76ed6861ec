"""Intervals, tests and ranks, against scipy, statsmodels, sacrebleu and arithmetic by hand."""

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest, Result
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from evaluation import metrics
from evaluation.metrics import Item
from evaluation.statistics.evidence import mean_of
from evaluation.statistics.holm import holm
from evaluation.statistics.intervals import interval
from evaluation.statistics.paired import mcnemar, paired
from evaluation.statistics.ranks import shared_ranks
from evaluation.statistics.resampling import numbered, resampled
from evaluation.statistics.win_rate import mean_win_rates, win_rates


def test_a_share_has_wilsons_interval() -> None:
    values = [1.0] * 7 + [0.0] * 3
    found = interval(mean_of(values), range(10), shares=values)
    assert (found.low, found.high) == pytest.approx(proportion_confint(7, 10, method="wilson"))
    assert found.method.startswith("wilson")


def test_a_mean_has_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(1).gamma(2, size=200)
    found = interval(mean_of(values.tolist()), range(200), rounds=4000)
    wanted = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=1)
    assert found.low == pytest.approx(wanted.confidence_interval.low, abs=0.03)
    assert found.high == pytest.approx(wanted.confidence_interval.high, abs=0.03)


def test_copies_of_an_item_do_not_narrow_an_interval_drawn_by_source() -> None:
    values = np.random.default_rng(2).normal(size=50).tolist()
    once = interval(mean_of(values), range(50))
    thrice = interval(mean_of(values * 3), [*range(50)] * 3)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))
    assert thrice.sources == 50
    assert interval(mean_of([1.0, 2.0]), ["same", "same"]).low is None


def bleu_systems() -> tuple[list[str], list[str], list[str]]:
    pick = np.random.default_rng(3)
    words = np.array(["it", "is", "very", "cold", "and", "wet", "outside", "today", "so"])
    references = [" ".join(pick.choice(words, 12)) for _ in range(80)]

    def noisy(share: float) -> list[str]:
        return [
            " ".join(w if pick.random() > share else pick.choice(words) for w in text.split())
            for text in references
        ]

    return references, noisy(0.2), noisy(0.3)


def test_the_paired_bootstrap_of_bleu_is_sacrebleus() -> None:
    references, first, second = bleu_systems()
    signatures, scores = PairedTest(
        [("base", first), ("other", second)],
        {"BLEU": BLEU(references=[references])},
        references=None,
        test_type="bs",
        n_samples=1000,
    )()
    assert "rs:12345" in signatures["BLEU"].format(short=True)
    wanted = scores["BLEU"][1]
    assert isinstance(wanted, Result)
    evidence = [
        metrics.get("bleu").measure([Item(o, (r,)) for o, r in zip(said, references, strict=True)])
        for said in (first, second)
    ]
    a, b = (one["bleu"].evidence for one in evidence)
    rounds = resampled([a, b], numbered(range(80)))
    assert b.value() == pytest.approx(wanted.score)
    assert rounds[1].mean() == pytest.approx(wanted.mean, abs=1e-4)
    away = np.abs(rounds[1] - rounds[0])
    theirs = (np.sum(away - away.mean() > abs(a.value() - b.value())) + 1) / 1001
    assert theirs == pytest.approx(wanted.p_value)
    mine = paired(a, b, range(80))
    assert mine.p is not None and theirs <= mine.p < 0.05
    assert mine.low is not None and mine.low > 0


def test_right_or_wrong_items_take_mcnemars_exact_test() -> None:
    table = [[20, 9], [2, 10]]
    wanted = reference_mcnemar(table, exact=True).pvalue
    assert mcnemar(9, 2) == pytest.approx(wanted)
    first = [1.0] * 20 + [1.0] * 9 + [0.0] * 2 + [0.0] * 10
    second = [1.0] * 20 + [0.0] * 9 + [1.0] * 2 + [0.0] * 10
    found = paired(mean_of(first), mean_of(second), range(41), outcomes=(first, second))
    assert found.p == pytest.approx(wanted) and found.test == "mcnemar|exact"
    assert found.value == pytest.approx(7 / 41)
    clustered = paired(mean_of(first), mean_of(second), [*range(40), 0], outcomes=(first, second))
    assert clustered.test.startswith("paired bootstrap")


def test_the_same_answers_do_not_differ() -> None:
    found = paired(mean_of([0.2, 0.5, 0.9]), mean_of([0.2, 0.5, 0.9]), range(3))
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_three_sources_cannot_make_a_difference_certain() -> None:
    first, second = mean_of([0.9, 0.8, 0.9]), mean_of([0.1, 0.2, 0.1])
    assert paired(first, second, range(3)).p == 0.25
    assert shared_ranks([first, second], range(3)) == [1, 1]


def test_holm_is_statsmodels() -> None:
    ps = [0.01, 0.04, 0.03, 0.005, 0.5, 0.04]
    assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])
    assert holm([]) == []


def test_models_that_cannot_be_told_apart_share_a_rank() -> None:
    pick = np.random.default_rng(4)
    ease = pick.normal(size=300)
    far = [mean_of((ease + pick.normal(m, 0.1, 300)).tolist()) for m in (1, 1.001, 0.5, 2)]
    assert shared_ranks(far, range(300)) == [2, 2, 4, 1]
    assert shared_ranks(far, range(300), higher_is_better=False) == [2, 2, 1, 4]
    right = [[1.0] * 90 + [0.0] * 10, [1.0] * 89 + [0.0] * 11, [1.0] * 50 + [0.0] * 50]
    models = [mean_of(values) for values in right]
    assert shared_ranks(models, range(100), outcomes=right) == [1, 1, 3]
    assert shared_ranks(models[:1], range(100)) == [1]


def test_many_models_are_ranked_by_pairs_corrected_together() -> None:
    same = [[float(x) for x in np.random.default_rng(s).integers(0, 2, 50)] for s in range(60)]
    assert set(shared_ranks([mean_of(v) for v in same], range(50), outcomes=same)) == {1}


def test_mean_win_rate_by_hand() -> None:
    first = {"a": 0.9, "b": 0.5, "c": 0.5}
    assert win_rates(first) == {"a": 1.0, "b": 0.25, "c": 0.25}
    assert win_rates({"a": 1.0}) == {}
    errors = {"a": 0.2, "b": 0.1}
    found = mean_win_rates([(first, True), (errors, False), ({"c": 1.0}, True)])
    assert found == {"a": 0.5, "b": 0.625, "c": 0.25}
