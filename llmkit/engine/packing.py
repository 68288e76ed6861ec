"""Weights in oneDNN's blocked layout for small batches in float32 on a processor.

MKL, behind `nn.Linear`, needs nearly as long for 3 rows as for 16: the products of a decoding step
fall between its vector and its matrix routines. oneDNN with weights packed once takes half the
time there (docs/decisions/0003-engine-scheduling.md), at the price of a second copy of the weights.
One row, and the long pieces of a prompt, stay with MKL.
"""

import os
from typing import Any

import torch

PACKED_FOR_ROWS = 8
FEWEST_ROWS, MOST_ROWS = 2, 31
SHARE_OF_MEMORY = 8


class PackedLinear(torch.nn.Linear):
    """A linear layer with a second, packed copy of its weights.

    The copy does not follow later changes of the weights: pack again after changing them.
    """

    packed: torch.Tensor

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        rows = input.numel() // self.in_features
        if not FEWEST_ROWS <= rows <= MOST_ROWS:
            return super().forward(input)
        result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            input, self.packed, self.bias, "none", [], ""
        )
        return result


def pack_linear_layers(model: Any) -> bool:
    """Pack every linear layer where that helps and memory allows; whether it was done."""
    layers = [module for module in model.modules() if type(module) is torch.nn.Linear]
    if not worth_packing(layers):
        return False
    for layer in layers:
        layer.packed = torch.ops.mkldnn._reorder_linear_weight(
            layer.weight.detach(), PACKED_FOR_ROWS
        )
        layer.__class__ = PackedLinear
    return True


def worth_packing(layers: list[torch.nn.Linear]) -> bool:
    """Float32 on a processor with oneDNN, and no more than an eighth of the memory."""
    if not layers or not torch.backends.mkldnn.is_available():
        return False
    plain = all(
        layer.weight.dtype == torch.float32 and layer.weight.device.type == "cpu"
        for layer in layers
    )
    needed = sum(layer.weight.nbytes for layer in layers)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return plain and needed <= memory / SHARE_OF_MEMORY
