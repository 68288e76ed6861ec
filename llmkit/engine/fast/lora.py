"""The lean decoder under a LoRA adapter: x @ W.T + scaling * (x @ A.T) @ B.T for each linear layer.

Hu et al. 2021 (arXiv:2106.09685), equation 3. The products with W are those of the bare model's
decoder, so an adapter adds its A and B to the memory and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import torch

from llmkit.engine.cache import SlotCache
from llmkit.engine.fast.building import EXACT, agrees, plain_linear, share
from llmkit.engine.fast.decoder import Decoder
from llmkit.engine.fast.products import Product

ADAPTER = "default"
Rows: TypeAlias = "slice | torch.Tensor"


class Company:
    """One pass for rows of the bare model and rows of its adapters.

    The products with the base's weights, which take most of the time, are done once for all.
    """

    def __init__(self, base: Decoder) -> None:
        self._base = base
        self._groups: list[tuple[list[Product], Rows]] = []
        numbers = iter(range(len(base.products)))
        self._decoder = Decoder(base.model, lambda *linear: self._routed(next(numbers)))

    def __call__(
        self,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        cache: SlotCache,
        mask: torch.Tensor | None,
        decoders: Sequence[Decoder],
    ) -> torch.Tensor:
        """As a decoder's call; `decoders` holds one for each row: the base's or an adapter's."""
        self._groups = [(decoder.products, rows) for decoder, rows in self._grouped(decoders)]
        try:
            return self._decoder(tokens, positions, cache, mask)
        finally:
            self._groups = []

    def _routed(self, number: int) -> "Routed":
        return Routed(self._base.products[number], lambda: self._parts(number))

    def _parts(self, number: int) -> Iterator[tuple["WithLora", Rows]]:
        for products, rows in self._groups:
            product = products[number]
            if isinstance(product, WithLora):
                yield product, rows

    def _grouped(self, decoders: Sequence[Decoder]) -> Iterator[tuple[Decoder, Rows]]:
        """Each adapter with its rows. A single row may have many tokens, which are all its own."""
        for decoder in dict.fromkeys(decoders):
            if decoder is not self._base:
                rows = [row for row, other in enumerate(decoders) if other is decoder]
                yield decoder, slice(None) if len(rows) == len(decoders) else places(rows)


class Routed:
    """A product of the base, and what adapters add to their rows."""

    nbytes = 0
    replaces = False

    def __init__(
        self, base: Product, parts: Callable[[], Iterable[tuple["WithLora", Rows]]]
    ) -> None:
        self._base, self._parts, self.bias = base, parts, base.bias

    def weight(self) -> torch.Tensor:
        return self._base.weight()

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        out = self._base(x)
        for part, rows in self._parts():
            part.add(out, x, rows)
        return out


def places(rows: list[int]) -> Rows:
    """Rows that follow each other need no copies."""
    if rows[-1] - rows[0] == len(rows) - 1:
        return slice(rows[0], rows[-1] + 1)
    return torch.tensor(rows)


class WithLora:
    """A product of joined linear modules, some of which have an adapter.

    `parts` are where a module's outputs begin and end in the joined ones, and the module.
    """

    nbytes = 0
    replaces = False

    def __init__(self, base: Product, parts: list[tuple[int, int, Any]]) -> None:
        self._base, self.bias = base, base.bias
        down = [module.lora_A[ADAPTER] for _, _, module in parts]
        self._down = torch.cat([linear.weight.detach() for linear in down])
        share(self._down, tuple(down))
        self._ups: list[tuple[slice, slice, torch.Tensor, float]] = []
        rank = 0
        for begin, end, module in parts:
            up = module.lora_B[ADAPTER].weight.detach()
            ranks = slice(rank, rank := rank + up.shape[1])
            self._ups.append((slice(begin, end), ranks, up.T, module.scaling[ADAPTER]))

    def weight(self) -> torch.Tensor:
        return self._base.weight()

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        out = self._base(x)
        self.add(out, x, slice(None))
        return out

    def add(self, out: torch.Tensor, x: torch.Tensor, rows: Rows) -> None:
        """What the adapter adds to some rows of `out` [rows, out], in place."""
        low = x[rows] @ self._down.T
        for outputs, ranks, up, scaling in self._ups:
            if isinstance(rows, slice):
                out[rows, outputs].addmm_(low[:, ranks], up, alpha=scaling)
            else:
                out[:, outputs].index_add_(0, rows, low[:, ranks] @ up, alpha=scaling)


def adapted_decoder(base: Decoder | None, model: Any) -> Decoder | None:
    """A decoder of `model`, a twin of the base's with an adapter, on the base's products.

    None where the adapter is anything but plain LoRA on those layers: then the module runs. It
    reads the adapter's own tensors, so it follows one that learns, as long as that is in place.
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
    """Whether every layer that PEFT changed is a linear one with nothing but A, B and a factor, and
    nothing else can change."""
    moving = (name for name, weight in model.named_parameters() if weight.requires_grad)
    return all("lora_" in name for name in moving) and all(
        is_plain_lora(layer) for layer in changed_layers(model)
    )


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
