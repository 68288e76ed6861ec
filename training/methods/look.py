"""What a method makes of rows, told before anything is trained."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmkit.tuning.memory_plan import Load

if TYPE_CHECKING:
    from llmkit.tuning.opening import Reading
    from llmkit.tuning.sequences import Example


@dataclass
class Look:
    """Of the rows of one split.

    `units` is what batches count: rows, prompts or pairs, called `unit`. `lengths` are those of all
    sequences, in tokens; `learned` how many of these tokens are learned, or of what `learns` says.
    `cut` rows lost their end, `dropped` ones were left out, for the reason `why`. `most` sequences
    belong to one unit.
    """

    units: int
    unit: str
    lengths: list[int]
    learned: int
    learns: str = "tokens"
    cut: int = 0
    dropped: int = 0
    why: str = ""
    most: int = 1
    examples: "list[Example]" = field(default_factory=list)


Rows = Iterable[Mapping[str, Any]]
Looker = Callable[[Any, "Reading", Rows], Look]
Loader = Callable[[Any, int, int], Load]
