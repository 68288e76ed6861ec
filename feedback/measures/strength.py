"""How strong each model is by the wins of its answers: Bradley and Terry's model.

P(i beats j) = 1 / (1 + exp(s_j - s_i)). A tie counts as half a win for each. With `lengths`, a
covariate for the difference in length is fitted along, so that a model is not called strong for
writing more: P = sigmoid(s_i - s_j + b * (length_i - length_j)).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
PRIOR = 0.1


@dataclass(frozen=True)
class Game:
    """Model `winner` beat `loser`, or tied with it; `length` is winner's minus loser's, scaled."""

    winner: int
    loser: int
    tie: bool = False
    length: float = 0.0


def win_matrix(games: Sequence[Game], models: int) -> Matrix:
    """[i, j]: how often i beat j."""
    wins = np.zeros((models, models))
    for game in games:
        wins[game.winner, game.loser] += 0.5 if game.tie else 1
        wins[game.loser, game.winner] += 0.5 if game.tie else 0
    return wins


def bradley_terry(games: Sequence[Game], models: int) -> list[float] | None:
    """Strengths that average 0, regularised a little so that an unbeaten model stays finite."""
    from choix import ilsr_pairwise_dense

    if models < 2 or not games:
        return None
    found = ilsr_pairwise_dense(win_matrix(games, models), alpha=PRIOR)
    return [float(strength) for strength in found - found.mean()]


def length_controlled(games: Sequence[Game], models: int) -> tuple[list[float], float] | None:
    """Strengths with the length covariate, and its coefficient."""
    from scipy.optimize import minimize

    if models < 2 or not games:
        return None
    design, won = _design(games, models)

    def loss(weights: Matrix) -> float:
        margins = design @ weights
        likelihood = won * np.logaddexp(0, -margins) + (1 - won) * np.logaddexp(0, margins)
        return float(likelihood.sum() + PRIOR * np.square(weights).sum() / 2)

    found = minimize(loss, np.zeros(models + 1), method="L-BFGS-B").x
    strengths = found[:models] - found[:models].mean()
    return [float(s) for s in strengths], float(found[models])


def _design(games: Sequence[Game], models: int) -> tuple[Matrix, Matrix]:
    rows = np.zeros((len(games), models + 1))
    for row, game in zip(rows, games, strict=True):
        row[game.winner], row[game.loser], row[models] = 1, -1, game.length
    return rows, np.array([0.5 if game.tie else 1.0 for game in games])
