"""The lean decoder under a LoRA adapter: x @ W.T + scaling * (x @ A.T) @ B.T for each linear layer.

Hu et al. 2021 (arXiv:2106.09685), equation 3. The products with W are those of the bare model's
decoder, so an adapter adds its A and B to the memory and nothing else.
"""

from collections.abc import Iterator
from typing import Any

import torch

from llmkit.engine.fast.building import EXACT, agrees, plain_linear, share
from llmkit.engine.fast.decoder import Decoder
from llmkit.engine.fast.products import Product

ADAPTER = "default"


class WithLora:
    """A product of joined linear modules, some of which have an adapter.

    `parts` are where a module's outputs begin and end in the joined ones, and the module.
    """

    nbytes = 0

    def __init__(self, base: Product, parts: list[tuple[int, int, Any]]) -> None:
        self._base = base
        down = [module.lora_A[ADAPTER] for _, _, module in parts]
        self._down = torch.cat([linear.weight.detach() for linear in down])
        share(self._down, tuple(down))
        self._ups: list[tuple[slice, slice, torch.Tensor, float]] = []
        rank = 0
        for begin, end, module in parts:
            up = module.lora_B[ADAPTER].weight.detach()
            ranks = slice(rank, rank := rank + up.shape[1])
            self._ups.append((slice(begin, end), ranks, up.T, module.scaling[ADAPTER]))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        out, low = self._base(x), x @ self._down.T
        for outputs, ranks, up, scaling in self._ups:
            out[:, outputs].addmm_(low[:, ranks], up, alpha=scaling)
        return out


def adapted_decoder(base: Decoder | None, model: Any) -> Decoder | None:
    """A decoder of `model`, a twin of the base's with an adapter, on the base's products.

    None where the adapter is anything but plain LoRA on those layers: then the module runs.
    """
    if base is None or not only_plain_lora(model):
        return None
    products = iter(base.products)
    decoder = Decoder(model, lambda *linear: with_lora(next(products), linear))
    return decoder if agrees(decoder, EXACT) else None


def with_lora(base: Product, linear: tuple[Any, ...]) -> Product:
    ends = [0]
    for module in linear:
        ends.append(ends[-1] + module.out_features)
    parts = [
        (begin, end, module)
        for begin, end, module in zip(ends, ends[1:], linear, strict=False)
        if not plain_linear(module)
    ]
    return WithLora(base, parts) if parts else base


def only_plain_lora(model: Any) -> bool:
    """Whether every layer that PEFT changed is a linear one with nothing but A, B and a factor."""
    return all(is_plain_lora(layer) for layer in changed_layers(model))


def changed_layers(model: Any) -> Iterator[Any]:
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    kinds = (BaseTunerLayer, AuxiliaryTrainingWrapper)
    return (module for module in model.modules() if isinstance(module, kinds))


def is_plain_lora(layer: Any) -> bool:
    from peft.tuners.lora import Linear

    return (
        type(layer) is Linear
        and plain_linear(layer.base_layer)
        and not layer.merged
        and list(layer.lora_A) == layer.active_adapters == [ADAPTER]
        and not getattr(layer, "lora_variant", None)
        and layer.lora_B[ADAPTER].bias is None
    )
