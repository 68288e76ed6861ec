"""The measures against published worked examples and against scipy, statsmodels and choix."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare, kendalltau
from statsmodels.discrete.discrete_model import Logit
from statsmodels.stats.inter_rater import cohens_kappa as reference_cohen
from statsmodels.stats.inter_rater import fleiss_kappa as reference_fleiss

from feedback.measures.intervals import bootstrap, draws, percentiles, wilson
from feedback.measures.judgements import (
    against_the_others,
    coincidences_by_task,
    fleiss_by_task,
    meetings,
    table,
    taus,
)
from feedback.measures.kappa import cohen_kappa, cohen_kappas, cohen_of, fleiss_kappa, fleiss_of
from feedback.measures.krippendorff import alpha, alpha_of
from feedback.measures.position import position_bias
from feedback.measures.ranks import kendall_tau, kendall_w, mean_tau, ranks
from feedback.measures.strength import Game, bradley_terry, length_controlled, strengths
from feedback.rules.pairs import Ranking, derive
from feedback.rules.votes import outcomes
from tests.feedback.rankings import cut

NAN = float("nan")
Tiers = tuple[tuple[int, ...], ...]
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: four observers.
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
# Fleiss (1971), as worked out with fourteen raters and ten subjects: kappa 0.210.
FOURTEEN_RATERS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


@st.composite
def whole_rankings(draw: st.DrawFn) -> Tiers:
    """Four candidates in tiers, none left unranked."""
    order = draw(st.permutations(range(4)))
    return tuple(cut(order, draw(st.lists(st.booleans(), min_size=4, max_size=4))))


def judgements_of(counts: list[list[int]]) -> list[list[int]]:
    return [[value for value, times in enumerate(row) for _ in range(times)] for row in counts]


def test_alpha_equals_krippendorffs_published_example() -> None:
    units = np.array(FOUR_OBSERVERS).T
    assert alpha(units) == pytest.approx(0.743, abs=0.0005)
    assert alpha(units, "ordinal") == pytest.approx(0.815, abs=0.0005)


def test_alpha_by_hand_on_three_units() -> None:
    # o(1,1)=2, o(-1,-1)=2, o(1,-1)=2 of six; D_o = 2/6, D_e = 2*3*3/(6*5) = 18/30.
    assert alpha([[1, 1], [1, -1], [-1, -1]]) == pytest.approx(1 - (2 / 6) / (18 / 30))


def test_alpha_is_one_when_all_agree_and_undefined_when_nothing_varies() -> None:
    assert alpha([[1, 1], [-1, -1]]) == 1
    assert alpha([[1, 1], [1, 1]]) is None
    assert alpha([[1, NAN], [NAN, -1]]) is None
    assert alpha([]) is None


def test_fleiss_kappa_equals_the_published_example_and_statsmodels() -> None:
    found = fleiss_kappa(judgements_of(FOURTEEN_RATERS))
    assert found == pytest.approx(0.210, abs=0.0005)
    assert found == pytest.approx(reference_fleiss(np.array(FOURTEEN_RATERS)))


@given(st.lists(st.tuples(*[st.sampled_from([-1, 0, 1])] * 2), min_size=2, max_size=30))
def test_cohen_kappa_equals_statsmodels(judged: list[tuple[int, int]]) -> None:
    one, other = zip(*judged, strict=True)
    table = np.zeros((3, 3))
    np.add.at(table, (np.array(one) + 1, np.array(other) + 1), 1)
    found = cohen_kappa(one, other)
    if found is None:
        assert len({*one, *other}) == 1
    else:
        assert found == pytest.approx(reference_cohen(table, return_results=False))


def test_cohen_kappas_are_given_for_every_two_people_with_units_in_common() -> None:
    found = cohen_kappas([[1, 1, NAN], [-1, -1, NAN], [1, NAN, 1]])
    assert found == {(0, 1): 1.0}


def test_ranks_are_indexed_by_candidate_and_ties_share_their_mean() -> None:
    assert ranks([[2], [0, 3]], 5)[:4] == pytest.approx([2.5, NAN, 1.0, 2.5], nan_ok=True)


@pytest.mark.parametrize("other", list(permutations(range(4)))[::5])
def test_tau_of_two_orders_equals_scipy_on_rank_vectors(other: tuple[int, ...]) -> None:
    tiers = [[candidate] for candidate in other]
    vector = [float(other.index(candidate)) for candidate in range(4)]
    assert kendall_tau([1, 2, 3, 4], ranks(tiers, 4)) == pytest.approx(
        kendalltau([1, 2, 3, 4], vector).statistic
    )


def test_tau_leaves_out_what_one_of_them_did_not_rank() -> None:
    assert kendall_tau([1, 2, NAN, 3], [1, 2, 3, NAN]) == pytest.approx(1)
    assert kendall_tau([1, NAN], [NAN, 1]) is None
    assert mean_tau([[1, 2], [1, 2], [2, 1]]) == pytest.approx(-1 / 3)


def test_w_is_one_for_equal_orders_and_none_where_it_is_undefined() -> None:
    assert kendall_w([[1, 2, 3], [1, 2, 3]]) == 1
    assert kendall_w([[1, 2, 3]]) is None
    assert kendall_w([[2, 2, 2], [2, 2, 2]]) is None
    assert kendall_w([[1.0, 2.0, NAN], [1.0, 2.0, 3.0]]) is None


def test_w_with_ties_follows_from_friedmans_statistic() -> None:
    table = np.array([[1, 2.5, 2.5, 4], [1, 2, 3, 4], [2, 1, 3.5, 3.5]])
    statistic = friedmanchisquare(*table.T).statistic
    assert kendall_w(table) == pytest.approx(statistic / (len(table) * (table.shape[1] - 1)))


def test_position_bias_counts_who_was_shown_first() -> None:
    bias = position_bias([([1, 0], [(1, 0)]), ([0, 1], [(1, 0)]), ([0, 1], [(0, 1), (0, 7)])])
    assert (bias.first_wins, bias.decided) == (2, 3)
    assert bias.interval == wilson(2, 3)


def test_wilsons_interval_equals_the_formula() -> None:
    z, n, p = 1.959963984540054, 10, 0.8
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert wilson(8, 10) == pytest.approx((middle - half, middle + half))
    assert wilson(0, 0) is None


def test_the_bootstrap_draws_whole_units_and_repeats_itself() -> None:
    units = [[0.0], [1.0], [1.0], [0.0]] * 10

    def mean(drawn: list[list[float]]) -> float:
        return float(np.mean([value for unit in drawn for value in unit]))

    found = bootstrap(units, mean)
    assert found == bootstrap(units, mean)
    assert found is not None
    assert found.low < 0.5 < found.high
    assert bootstrap(units[:1], mean) is None


def test_a_model_that_wins_three_of_four_is_log_three_stronger() -> None:
    games = [Game(0, 1)] * 3000 + [Game(1, 0)] * 1000
    found = bradley_terry(games, 2)
    assert found is not None
    assert found[0] - found[1] == pytest.approx(math.log(3), abs=0.01)


def test_ties_count_half_and_length_is_told_apart_from_strength() -> None:
    tied = bradley_terry([Game(0, 1, tie=True)] * 10, 2)
    assert tied == pytest.approx([0, 0])
    longer_wins = [Game(0, 1, length=1.0)] * 300 + [Game(1, 0, length=1.0)] * 300
    controlled = length_controlled(longer_wins, 2)
    assert controlled is not None
    strengths, coefficient = controlled
    assert strengths == pytest.approx([0, 0], abs=1e-3)
    assert coefficient > 1


@given(st.lists(st.tuples(*[st.sampled_from([-1.0, 0.0, 1.0, NAN])] * 4), min_size=1, max_size=12))
def test_measures_of_sums_equal_those_of_the_whole_table(rows: list[tuple[float, ...]]) -> None:
    judged = table(
        ((0, p, {(0, u + 1): int(row[p]) for u, row in enumerate(rows) if row[p] == row[p]})
         for p in range(4)), tasks=1, people=4
    )  # fmt: skip
    wanted = (alpha(rows), alpha(rows, "ordinal"), fleiss_kappa(rows))
    coincided = coincidences_by_task(judged).sum(axis=0)
    fleiss = fleiss_of(fleiss_by_task(judged).sum(axis=0))
    found = (alpha_of(coincided), alpha_of(coincided, "ordinal"), fleiss)
    assert [float(f) for f in found] == pytest.approx(
        [NAN if want is None else want for want in wanted], nan_ok=True
    )


@given(st.lists(whole_rankings(), min_size=2, max_size=4))
def test_taus_of_judged_pairs_equal_scipys_tau_b_of_rank_vectors(tiers: list[Tiers]) -> None:
    said = [(0, p, outcomes(derive(Ranking(4, one)))) for p, one in enumerate(tiers)]
    _, found = taus(meetings(table(said, tasks=1, people=len(tiers))), len(tiers))
    vectors = [ranks(one, 4) for one in tiers]
    wanted = [kendalltau(a, b).statistic for a, b in combinations(vectors, 2)]
    assert sorted(found) == pytest.approx(sorted(tau for tau in wanted if tau == tau))


def test_a_person_stands_against_what_most_of_the_others_said() -> None:
    said = [(0, p, {(0, 1): value}) for p, value in enumerate([1, 1, -1, 0])]
    judged = table(said, tasks=1, people=4)
    met = against_the_others(judged, np.array([True, True, True, False]))
    # Person 0 meets 1 against -1: an even vote. 2 meets 1, 1. 3 has no vote, and meets 1, 1, -1.
    assert list(zip(met.a, met.value_a, met.value_b, strict=True)) == [(2, -1, 1), (3, 0, 1)]


def test_drawing_sums_gives_the_interval_of_drawing_units() -> None:
    parts = np.random.default_rng(1).integers(0, 5, size=(30, 3, 3)).astype(float)
    slow = bootstrap(list(parts), lambda drawn: float(cohen_of(np.sum(drawn, axis=0))))
    assert slow == pytest.approx(percentiles(cohen_of(np.tensordot(draws(30), parts, axes=1))))


def test_strengths_have_intervals_by_prompt_that_hold_the_value() -> None:
    chance = np.random.default_rng(3)
    games = [Game(*((0, 1) if chance.random() < 0.75 else (1, 0))) for _ in range(600)]
    found = strengths(games, [k // 2 for k in range(600)], 2)
    assert found is not None
    low, high = found.plain_intervals[0] or (0, 0)
    # The bootstrap of log odds p / (1 - p), halved: s_0 = -s_1. Its error is sqrt(1 / (n p q)) / 2.
    error = math.sqrt(1 / (600 * 0.75 * 0.25)) / 2
    assert low < math.log(3) / 2 < high
    assert (high - low) / (2 * 1.96) == pytest.approx(error, rel=0.2)
    assert found.controlled_intervals[0] == pytest.approx((low, high), abs=0.05)


def test_the_fit_equals_that_of_statsmodels() -> None:
    chance = np.random.default_rng(5)
    games = [
        Game(*((i, j) if won else (j, i)), length=(length if won else -length))
        for i, j, length in zip(
            chance.integers(0, 2, 400), chance.integers(2, 4, 400), chance.normal(size=400),
            strict=True,
        )
        for won in [chance.random() < 1 / (1 + math.exp(-(1.0 * (i == 0) + 0.7 * length)))]
    ]  # fmt: skip
    found = length_controlled(games, 4)
    assert found is not None
    rows = np.zeros((400, 5))
    for row, game in zip(rows, games, strict=True):
        row[game.winner], row[game.loser], row[4] = 1, -1, game.length
    # A fit without a prior, with model 3 at 0; a game is a win, so each stands there both ways.
    both = np.vstack([rows, -rows])[:, [0, 1, 2, 4]]
    wanted = Logit(np.repeat([1, 0], 400), both).fit(disp=0).params
    assert found[0][0] - found[0][3] == pytest.approx(wanted[0], abs=0.05)
    assert found[1] == pytest.approx(wanted[3], abs=0.02)
