"""What every measurement gives: a ratio of ways that were tried in turn.

A machine that others use too makes times worthless and ratios of neighbours useful: every round
measures each way once, in turn, and the ratio of each round is taken before the median.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROWS_FILE = "BENCH_ROWS"
Way = Callable[[], None]


class Spent(NamedTuple):
    """Seconds on the clock, and seconds of processor time over all threads that did the work."""

    wall: float
    processor: float


class Row(NamedTuple):
    """`low` and `high`: the extremes of the rounds; `target`: what is wanted at least, or 0;
    `at_most`: it is wanted at most."""

    what: str
    clock: str
    ratio: float
    low: float
    high: float
    rounds: int
    target: float = 0
    at_most: bool = False

    @property
    def wanted(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.target:g}"

    @property
    def verdict(self) -> str:
        met = self.ratio <= self.target if self.at_most else self.ratio >= self.target
        return "met" if met else "missed"


def own_clocks(way: Way) -> Spent:
    wall, processor = time.perf_counter(), time.process_time()
    way()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)


def in_turn(ways: dict[str, Callable[[], Spent]], rounds: int) -> dict[str, list[Spent]]:
    """What each way took in each round, after one round that warms up."""
    spent: dict[str, list[Spent]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            took = way()
            if turn:
                spent[name].append(took)
    return spent


def report(
    what: str, spent: dict[str, list[Spent]], ours: str, theirs: str, *, target: float = 0
) -> None:
    """Speed of `ours` ÷ speed of `theirs`, by both clocks."""
    for clock in Spent._fields:
        mine = [getattr(one, clock) for one in spent[ours]]
        other = [getattr(one, clock) for one in spent[theirs]]
        medians = f"medians {ours} {statistics.median(mine):.2f} s, "
        medians += f"{theirs} {statistics.median(other):.2f} s"
        ratios = [b / a for a, b in zip(mine, other, strict=True)]
        tell(f"{what}: {ours} ÷ {theirs}", clock, ratios, target=target, note=medians)


def tell(
    what: str,
    clock: str,
    ratios: Sequence[float],
    *,
    target: float,
    note: str = "",
    at_most: bool = False,
) -> None:
    """Say one row, and hand it to `make bench` for its table."""
    middle, rounds = statistics.median(ratios), len(ratios)
    row = Row(what, clock, middle, min(ratios), max(ratios), rounds, target, at_most)
    verdict = f"; wanted {row.wanted}: {row.verdict}" if target else ""
    say(
        f"{what}, {clock} = {row.ratio:.2f}× (rounds {row.low:.2f} to {row.high:.2f}; "
        f"n={row.rounds}{'; ' if note else ''}{note}{verdict})"
    )
    if file := os.environ.get(ROWS_FILE):
        with Path(file).open("a") as rows:
            rows.write(json.dumps(row) + "\n")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def one_thread(threads: int = 1) -> None:
    """To be called before torch is imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
