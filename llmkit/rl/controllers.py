"""The weight of the KL penalty: fixed, or steered towards a target (Ziegler et al. 2019, 2.2)."""

from dataclasses import dataclass
from typing import Protocol

MOST_CHANGE = 0.2


class KLController(Protocol):
    """`coefficient` multiplies the KL in the reward; `update` is called once a step."""

    coefficient: float

    def update(self, kl: float, episodes: int) -> None: ...


@dataclass
class FixedKL:
    coefficient: float

    def update(self, kl: float, episodes: int) -> None:
        """Nothing changes it."""


@dataclass
class AdaptiveKL:
    """A proportional controller: the coefficient grows while the KL is above its target.

    `target` in nats per response; `horizon` in episodes, over which an error of MOST_CHANGE or
    more changes the coefficient by about that share.
    """

    coefficient: float
    target: float
    horizon: float

    def update(self, kl: float, episodes: int) -> None:
        """`kl`: the mean over the step's responses, in nats; `episodes`: how many those were."""
        error = min(max(kl / self.target - 1, -MOST_CHANGE), MOST_CHANGE)
        self.coefficient *= 1 + error * episodes / self.horizon
