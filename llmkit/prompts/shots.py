"""How many examples a prompt shows and how they are chosen: zero, one or a few shots."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from llmkit.prompts import parsing
from llmkit.prompts.choosing import ways
from llmkit.prompts.errors import PromptTemplateError

MAX_EXAMPLES = 200


@dataclass(frozen=True)
class Shots:
    """`choose` is a registered way; `picked` holds positions in the pool, counted from 0.

    `seed` matters for "random" only. For "picked" the number of shots is the number picked.
    """

    count: int = 0
    choose: str = "first"
    seed: int = 0
    picked: tuple[int, ...] = ()

    @property
    def wanted(self) -> int:
        return len(self.picked) if self.choose == "picked" else self.count

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Strict; missing keys take the default. PromptTemplateError names the wrong one."""
        known = ("count", "choose", "seed", "picked")
        given: Mapping[str, Any] = parsing.mapping(data, where="Shots", known=known)
        picked = parsing.items(given.get("picked", ()), where="Picked", limit=MAX_EXAMPLES)
        shots = cls(
            count=parsing.whole(
                given.get("count", 0), where="The number of shots", low=0, high=MAX_EXAMPLES
            ),
            choose=parsing.one_of(
                given.get("choose", "first"), ways, where="The way of choosing examples"
            ),
            seed=parsing.whole(given.get("seed", 0), where="The seed", low=0, high=2**63 - 1),
            picked=tuple(
                parsing.whole(i, where="A picked example", low=0, high=MAX_EXAMPLES) for i in picked
            ),
        )
        if len(set(shots.picked)) < len(shots.picked):
            raise PromptTemplateError("An example can be picked only once.")
        return shots

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "picked": list(self.picked)}

    def check_pool(self, size: int) -> None:
        """Refuse what a pool of `size` examples cannot give."""
        if self.wanted > size:
            raise PromptTemplateError(
                f"This template has {size} example{'' if size == 1 else 's'}, so it can't show "
                f"{self.wanted}; ask for at most {size}."
            )
        for index in self.picked:
            if self.choose == "picked" and index >= size:
                raise PromptTemplateError(
                    f"Example {index + 1} was picked, but the template has only {size}."
                )
