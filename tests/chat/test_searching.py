"""The least that will do is found whatever one begins with, and at once where that is near."""

import itertools

import pytest

from chat.services.searching import Search


def looked(search: Search[int], least: int) -> int:
    """How many looks it took to its end."""
    for looks in itertools.count():
        if search.is_over:
            return looks
        probe = search.probe
        assert search.low <= probe < search.high, "no look is wasted"
        search.learn(probe, probe if probe >= least else None)
    raise AssertionError


@pytest.mark.parametrize("high", range(9))
def test_the_least_is_found_from_every_start(high: int) -> None:
    for least, start in itertools.product(range(high + 1), range(-1, high + 1)):
        search = Search[int](0, high, start)
        looked(search, least)
        assert (search.high, search.found) == (least, None if least == high else least)


def test_two_looks_do_where_it_is_as_before_or_one_more() -> None:
    for start in range(1, 1000, 37):
        assert looked(Search[int](0, 1000, start), start) == 2
        assert looked(Search[int](0, 1000, start), start + 1) == 2


def test_a_long_way_is_halved() -> None:
    assert looked(Search[int](0, 1024), 700) == 10
    assert looked(Search[int](0, 1024, 900), 3) <= 12
