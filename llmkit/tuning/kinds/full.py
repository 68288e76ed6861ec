"""Every weight learns. It makes a whole model rather than an adapter."""

from dataclasses import dataclass
from typing import Any

from llmkit.tuning.ways import Way, file


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


def adapt(model: Any, config: Config) -> Any:
    return model.requires_grad_(True)


file(
    Way(
        name="full",
        label="All weights",
        summary="Every weight learns. Needs the most memory and makes a whole new model.",
        config=Config,
        adapt=adapt,
        makes_adapter=False,
        merges=False,
    )
)
