"""Linear layers without weights of their own: they take their part of a packed product.

So a module whose decoder runs packed weights needs no second, float copy of them: adapters, looks
into answers and plain `generate` run the module over the same packed weights.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch

from llmkit.engine.fast.products import Product


class Joint:
    """One product for the modules that take the same input one after the other.

    The last input and what came out stand in one tuple, so that threads cannot mix them up.
    """

    def __init__(self, product: Product, *, shared: bool) -> None:
        self.product, self._shared = product, shared
        self._last: tuple[torch.Tensor, torch.Tensor] | None = None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        last = self._last
        if last is None or last[0] is not x:
            out = self.product(x.reshape(-1, x.shape[-1]))
            last = (x, out.view(*x.shape[:-1], -1))
            self._last = last if self._shared else None
        return last[1]


@lru_cache(1)
def unpacked(product: Product) -> torch.Tensor:
    """The weight asked for last is kept: PEFT asks for a layer's a dozen times in a row.

    `unpacked.cache_clear()` lets go of it.
    """
    return product.weight()


class SharedLinear(torch.nn.Linear):
    """Outputs `place` of a joint product. Its weight is unpacked each time that one asks for it."""

    joint: Joint
    place: slice

    @property
    def weight(self) -> torch.Tensor:
        return unpacked(self.joint.product)[self.place]

    @property
    def bias(self) -> torch.Tensor | None:
        bias = self.joint.product.bias
        return None if bias is None else bias[self.place]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.joint(x)[..., self.place]


def hand_over(modules: Sequence[Any], product: Product) -> None:
    """Let plain linear modules use their packed product, and drop their own weights."""
    joint, start = Joint(product, shared=len(modules) > 1), 0
    for module in modules:
        del module.weight, module.bias
        module.__class__ = SharedLinear
        module.joint, module.place = joint, slice(start, start + module.out_features)
        start += module.out_features
