"""How unsure a reward model is of the order of a task's answers."""

from collections.abc import Sequence
from itertools import combinations
from math import exp


def doubt(scores: Sequence[float]) -> float:
    """The mean of 4 p (1 − p) over all pairs, with p = σ(difference of scores): 1 where all
    answers score alike, 0 where every order is certain. Scores are the model's raw ones, whose
    difference is a log-odds (Bradley and Terry 1952)."""
    gaps = [abs(a - b) for a, b in combinations(scores, 2)]
    return sum(4 * p * (1 - p) for p in map(sigmoid, gaps)) / len(gaps) if gaps else 0.0


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-min(x, 700)))
