"""A number that a run came to, with all that a leaderboard must know of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Measured:
    """As `evaluation.models.Score`, without its row. `main`: the measure a task is known by."""

    task: str
    measure: str
    value: float
    n: int
    signature: str
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    task_version: str = ""
    main: bool = False
    higher_is_better: bool = True
    unit: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
