"""Stopping early: after so many looks at the held-out rows without anything better."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from training.run.work import Work

UNSEEN: dict[str, Any] = {"value": None, "step": None, "misses": 0, "looked": 0}


@dataclass(frozen=True)
class Better:
    """The measure that says which weights are the better ones."""

    measure: str = "held_out_loss"
    higher: bool = False

    def is_so(self, value: float, than: float | None) -> bool:
        """What is not a number is never better."""
        if not math.isfinite(value):
            return False
        return than is None or (value > than if self.higher else value < than)


@dataclass
class Patience:
    """`seen` goes into checkpoints, so that a run that goes on knows what it saw before.

    The look before the first step does not count: there is nothing learned to keep.
    """

    most: int
    better: Better
    seen: dict[str, Any] = field(default_factory=lambda: dict(UNSEEN))

    def look(self, step: int, found: Mapping[str, float]) -> None:
        value = found.get(self.better.measure)
        if not self.most or value is None or step <= self.seen["looked"]:
            return
        if self.better.is_so(value, self.seen["value"]):
            self.seen |= {"value": value, "step": step, "misses": 0, "looked": step}
        else:
            self.seen |= {"misses": self.seen["misses"] + 1, "looked": step}

    @property
    def is_over(self) -> bool:
        return 0 < self.most <= self.seen["misses"]

    @property
    def best(self) -> int | None:
        """The step with the best weights; None where nobody asked."""
        return self.seen["step"] if self.most else None


def tell(work: Work, *, step: int, total: int, best: int | None, looks: int) -> None:
    """In the log and in the measures: when it ended early, and whose weights are kept."""
    facts: dict[str, float] = {}
    kept = "" if best in (None, step) else f" The weights of step {best:,} are kept."
    if step < total:
        facts["stopped_early_at"] = step
        work.report.log(
            f"Stopped early at step {step:,} of {total:,}: the last {looks:,} looks at the "
            f"held-out rows found nothing better.{kept}"
        )
    elif kept:
        work.report.log(f"Step {best:,} did best on the held-out rows.{kept}")
    if best is not None:
        facts["best_step"] = best
    work.report.final(step, facts)
