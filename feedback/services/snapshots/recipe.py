"""What a snapshot is made with; the same recipe on the same annotations gives the same bytes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from feedback.models import Annotation
from feedback.rules.splits import Fractions, check_fractions
from feedback.services.errors import FeedbackError

SHARES: Fractions = {"train": 0.8, "validation": 0.1, "test": 0.1}
SOURCES = tuple(sorted(Annotation.Source.values))


@dataclass(frozen=True)
class Recipe:
    """`margin`: how far a vote must be from one half to count. `sources`: where the rankings that
    take part come from. Rankings by a model or a declared rule take part only with `include_ai`,
    and only on tasks that no person has ranked: what a person says is never outvoted by a machine.
    """

    seed: int = 0
    shares: Fractions = field(default_factory=lambda: dict(SHARES))
    margin: float = 0.0
    include_ai: bool = False
    sources: tuple[str, ...] = SOURCES

    def checked(self) -> "Recipe":
        """Itself, or FeedbackError about what cannot be."""
        try:
            check_fractions(self.shares)
        except ValueError as error:
            raise FeedbackError(str(error)) from error
        if not 0 <= self.margin < 0.5:
            raise FeedbackError("The margin is a number from 0 to below 0.5.")
        if unknown := set(self.sources) - set(SOURCES):
            raise FeedbackError(
                f"There is no source '{min(unknown)}'. Choose from {', '.join(SOURCES)}."
            )
        if not self.sources:
            raise FeedbackError("Choose at least one source of rankings.")
        return self

    def stored(self) -> dict[str, Any]:
        return {**asdict(self), "shares": dict(self.shares), "sources": sorted(self.sources)}

    @classmethod
    def restored(cls, told: Mapping[str, Any]) -> "Recipe":
        known = {name: told[name] for name in cls.__dataclass_fields__ if name in told}
        if "sources" in known:
            known["sources"] = tuple(known["sources"])
        return cls(**known)
