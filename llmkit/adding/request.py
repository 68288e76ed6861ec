"""What the adding process is told and tells: JSON, one object a line."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

Source = Literal["hub", "folder", "gguf", "merge"]


@dataclass(frozen=True)
class Request:
    """`origin` is a hub id or a path. `work` is a hidden folder beside the model's final place;
    the finished model is left in its `model` folder. `job` marks whose work it is; `label` is what
    the provenance names instead of a temporary path. `base` is the folder of the model that an
    adapter sits on, or is merged into."""

    source: Source
    origin: str
    work: str
    name: str
    job: str
    revision: str = ""
    label: str = ""
    base: str = ""

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Progress:
    """What is being done now, and how far. `total` 0: not known."""

    phase: str
    done: int = 0
    total: int = 0


Report = Callable[[Progress], None]
