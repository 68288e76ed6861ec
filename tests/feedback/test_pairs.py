"""The pair rules: by hand, and for every ranking that could be given."""

import math

import pytest
from hypothesis import given

from feedback.rules.pairs import Ranking, RankingError, derive
from feedback.rules.votes import Votes, consensus, tally
from tests.feedback.rankings import rankings


def chosen_and_rejected(ranking: Ranking) -> set[tuple[int, int]]:
    return {(pair.chosen, pair.rejected) for pair in derive(ranking).pairs}


def test_a_better_tier_beats_every_worse_one_and_a_tie_makes_no_pair() -> None:
    derived = derive(Ranking(3, ((0,), (1, 2))))
    assert [(p.chosen, p.rejected, p.weight) for p in derived.pairs] == [(0, 1, 0.5), (0, 2, 0.5)]
    assert derived.ties == ((1, 2),)
    assert derived.labels == {0: True, 1: False, 2: False}


def test_four_answers_in_strict_order_make_all_six_pairs_of_a_sixth_each() -> None:
    derived = derive(Ranking(4, ((2,), (0,), (3,), (1,))))
    assert {(p.chosen, p.rejected) for p in derived.pairs} == {
        (2, 0), (2, 3), (2, 1), (0, 3), (0, 1), (3, 1)
    }  # fmt: skip
    assert {p.weight for p in derived.pairs} == {1 / 6}
    assert derived.labels == {1: False, 2: True}


def test_all_bad_gives_no_pair_and_only_undesirable_rows() -> None:
    derived = derive(Ranking(3, ((0,), (1,), (2,)), unacceptable=frozenset(range(3)), all_bad=True))
    assert (derived.pairs, derived.ties) == ((), ())
    assert derived.labels == {0: False, 1: False, 2: False}


def test_the_line_holds_also_across_unranked_answers() -> None:
    partly = Ranking(4, ((0,), (1,)), unranked=(2, 3), unacceptable=frozenset({3}))
    assert chosen_and_rejected(partly) == {(0, 1), (0, 3), (1, 3), (2, 3)}
    assert derive(partly).labels == {0: True, 1: True, 2: True, 3: False}


def test_an_edit_beats_its_original_only_when_confirmed() -> None:
    assert chosen_and_rejected(Ranking(2, ((0, 1),), edit_of=1)) == {(2, 1)}
    assert chosen_and_rejected(Ranking(2, ((0, 1),))) == set()


@pytest.mark.parametrize(
    ("ranking", "words"),
    [
        (Ranking(3, ((0,), (1,))), "Candidate 2 is missing"),
        (Ranking(2, ((0,), (1, 0))), "Candidate 0 is ranked twice"),
        (Ranking(2, ((0,), (1,)), unranked=(1,)), "Candidate 1 is ranked twice"),
        (Ranking(2, ((0,), (1,), (2,))), "Candidate 2 is not part"),
        (Ranking(2, ((0,), (), (1,))), "A tier is empty"),
        (Ranking(2, ((0, 1),), unacceptable=frozenset({1})), "as good as an acceptable one"),
        (Ranking(2, ((0,), (1,)), unacceptable=frozenset({0})), "as good as an acceptable one"),
        (Ranking(2, ((0,), (1,)), unacceptable=frozenset({5})), "not part of this set"),
        (Ranking(2, ((0,), (1,)), edit_of=2), "no candidate 2 to edit"),
        (Ranking(2, ((0,), (1,)), all_bad=True), "below the line"),
    ],
)
def test_a_ranking_that_breaks_a_rule_is_refused_in_a_sentence(
    ranking: Ranking, words: str
) -> None:
    with pytest.raises(RankingError, match=words):
        derive(ranking)


def test_an_unknown_rule_version_is_refused() -> None:
    with pytest.raises(RankingError, match="no rule version 9"):
        derive(Ranking(2, ((0,), (1,))), version=9)


@given(rankings())
def test_pairs_are_antisymmetric_and_never_inside_a_tier(ranking: Ranking) -> None:
    pairs = chosen_and_rejected(ranking)
    assert not any((rejected, chosen) in pairs for chosen, rejected in pairs)
    for tier in ranking.tiers:
        assert not any(i in tier and j in tier for i, j in pairs)


@given(rankings())
def test_weights_sum_to_one_where_there_is_a_pair(ranking: Ranking) -> None:
    pairs = derive(ranking).pairs
    assert not pairs or math.isclose(sum(pair.weight for pair in pairs), 1)


@given(rankings())
def test_pairs_depend_on_the_ranking_alone(ranking: Ranking) -> None:
    same = Ranking(
        ranking.size,
        tuple(tuple(sorted(tier)) for tier in ranking.tiers),
        tuple(sorted(ranking.unranked)),
        ranking.unacceptable,
        ranking.all_bad,
        ranking.edit_of,
    )
    assert set(derive(same).pairs) == set(derive(ranking).pairs)


@given(rankings())
def test_preference_is_transitive_among_ranked_answers(ranking: Ranking) -> None:
    pairs = chosen_and_rejected(ranking)
    ranked = set(range(ranking.size)) - set(ranking.unranked)
    for i, j in pairs:
        for k, m in pairs:
            if j == k and {i, j, m} <= ranked:
                assert (i, m) in pairs


def test_two_against_one_gives_a_label_and_one_against_one_none() -> None:
    up, down = derive(Ranking(2, ((0,), (1,)))), derive(Ranking(2, ((1,), (0,))))
    even = consensus(tally([up, down]))
    assert (even.pairs, even.contradictions) == ((), ((0, 1),))
    assert consensus(tally([up, up, down])).pairs == ((0, 1),)


def test_a_tie_counts_as_half_a_vote() -> None:
    up, tie = derive(Ranking(2, ((0,), (1,)))), derive(Ranking(2, ((0, 1),)))
    votes = tally([up, tie])
    assert votes == {(0, 1): Votes(wins=1, losses=0, ties=1)}
    assert votes[0, 1].share == 0.75
    assert consensus(votes, margin=0.3).contradictions == ((0, 1),)
    assert consensus(votes, margin=0.25).pairs == ((0, 1),)
    assert consensus(tally([tie])).ties == ((0, 1),)
