"""How strong each model is by the wins of its answers: Bradley and Terry's model.

P(i beats j) = 1 / (1 + exp(s_j - s_i)). A tie counts as half a win for each. With `lengths`, a
covariate for the difference in length is fitted along, so that a model is not called strong for
writing more: P = sigmoid(s_i - s_j + b * (length_i - length_j)).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedback.measures.intervals import Interval, draws, percentiles
from feedback.measures.judgements import summed

Matrix = npt.NDArray[np.float64]
PRIOR = 0.1
STEPS, PRECISE = 50, 1e-9
ROUNDS = 200


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
    if models < 2 or not games:
        return None
    design, won = _design(games, models)
    weights = fit(design, won)
    strengths = weights[:models] - weights[:models].mean()
    return [float(s) for s in strengths], float(weights[models])


def fit(design: Matrix, won: Matrix) -> Matrix:
    """The weights [columns] of a logistic regression with a weak normal prior, by Newton's method.

    `design` [games, columns], `won` [games] in {0.5, 1}.
    """
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        gradient, curvature = slopes(design, won, weights)
        step = newton_step(gradient.sum(axis=0), curvature.sum(axis=0), weights)
        weights = weights + step
        if np.abs(step).max() < PRECISE:
            break
    return weights


def slopes(design: Matrix, won: Matrix, weights: Matrix) -> tuple[Matrix, Matrix]:
    """Gradient [games, columns] and curvature [games, columns, columns] of the log-likelihood."""
    chance = 1 / (1 + np.exp(-design @ weights))
    curvature = design[:, :, None] * design[:, None, :] * (chance * (1 - chance))[:, None, None]
    return design * (won - chance)[:, None], curvature


def newton_step(gradient: Matrix, curvature: Matrix, weights: Matrix) -> Matrix:
    """The step [..., columns] from sums of slopes [..., columns] and [..., columns, columns]."""
    prior = PRIOR * np.eye(len(weights))
    towards = (gradient - PRIOR * weights)[..., None]
    return np.asarray(np.linalg.solve(curvature + prior, towards)[..., 0], dtype=np.float64)


def _design(games: Sequence[Game], models: int) -> tuple[Matrix, Matrix]:
    rows = np.zeros((len(games), models + 1))
    for row, game in zip(rows, games, strict=True):
        row[game.winner], row[game.loser], row[models] = 1, -1, game.length
    return rows, np.array([0.5 if game.tie else 1.0 for game in games])


@dataclass(frozen=True)
class Strengths:
    """Log-odds by model, averaging 0, with intervals when prompts are drawn again; `controlled`
    are those with the length taken into account, and `length` how much length adds.
    """

    plain: list[float]
    plain_intervals: list[Interval | None]
    controlled: list[float]
    controlled_intervals: list[Interval | None]
    length: float
    length_interval: Interval | None


def strengths(games: Sequence[Game], prompts: npt.ArrayLike, models: int) -> Strengths | None:
    """`prompts` [games] numbers the prompt of each game from 0. None where nobody met."""
    plain = bradley_terry(games, models)
    controlled = length_controlled(games, models)
    if plain is None or controlled is None:
        return None
    owners = np.unique(np.asarray(prompts), return_inverse=True)[1]
    drawn = draws(int(owners.max()) + 1, rounds=ROUNDS)
    again = plain_again(games, owners, drawn, models)
    weights = controlled_again(games, owners, drawn, models)
    return Strengths(
        plain, by_column(again), controlled[0], by_column(weights[:, :models]),
        controlled[1], percentiles(weights[:, models]),
    )  # fmt: skip


def by_column(rounds: Matrix) -> list[Interval | None]:
    return [percentiles(column) for column in rounds.T]


def plain_again(
    games: Sequence[Game], owners: npt.NDArray[np.int64], drawn: Matrix, models: int
) -> Matrix:
    """Strengths [rounds, models] when prompts are drawn again."""
    from choix import ilsr_pairwise_dense

    wins = np.zeros((drawn.shape[1], models, models))
    for owner, game in zip(owners, games, strict=True):
        wins[owner, game.winner, game.loser] += 0.5 if game.tie else 1
        wins[owner, game.loser, game.winner] += 0.5 if game.tie else 0
    found = [ilsr_pairwise_dense(w, alpha=PRIOR) for w in np.tensordot(drawn, wins, axes=1)]
    return np.array([strength - strength.mean() for strength in found])


def controlled_again(
    games: Sequence[Game], owners: npt.NDArray[np.int64], drawn: Matrix, models: int
) -> Matrix:
    """[rounds, models + 1]: one Newton step from the fit towards that of each draw.

    One step from the estimate has the bootstrap's distribution to first order, and costs sums.
    """
    design, won = _design(games, models)
    weights = fit(design, won)
    gradient, curvature = (
        np.tensordot(drawn, summed(part, owners, drawn.shape[1]), axes=1)
        for part in slopes(design, won, weights)
    )
    found = weights + newton_step(gradient, curvature, weights)
    found[:, :models] -= found[:, :models].mean(axis=1, keepdims=True)
    return found
