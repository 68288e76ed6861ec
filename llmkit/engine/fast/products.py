"""Matrix products of a decoding step, their weights packed once for the processor.

A step multiplies few rows by every weight of the model, so its time is that of reading the weights:
half the bytes take nearly half as long (docs/decisions/0005-decoding-on-a-processor.md).

- `Plain`: the weights as they are, with a copy in oneDNN's layout for the few rows of a batch.
- `Half`: float32 arithmetic on weights kept as float16. Exact where no weight changes by it.
- `Int8`: integer arithmetic on weights of 8 bits and inputs of 14.

The packed kinds call FBGEMM, which torch carries for x86 but hardly documents: torch is pinned, and
tests compare each kind with plain arithmetic. A packed copy does not follow later weight changes.
All take x [rows, in] and give [rows, out].
"""

import warnings
from typing import Any, Protocol

import torch
from torch.nn import functional

from llmkit.engine.packing import FEWEST_ROWS, MOST_ROWS, PACKED_FOR_ROWS

FINEST_HALF = 2.0**-25
TINIEST = 1e-30
WEIGHT_LEVELS, INPUT_LEVELS, INPUT_ZERO = 127, 63, 64
PARTS = 2 * INPUT_LEVELS


class Product(Protocol):
    """x @ weight.T + bias. `nbytes`: what it holds beyond the weight that it was made from, which
    is not needed any more where `replaces` is true.
    """

    nbytes: int
    replaces: bool
    bias: torch.Tensor | None

    def weight(self) -> torch.Tensor:
        """[out, in] in float32, as it is in effect."""
        ...

    def __hash__(self) -> int: ...

    def __call__(self, x: torch.Tensor) -> torch.Tensor: ...


class Plain:
    """In the weight's own type; `pack`: a second copy for two to thirty-one rows."""

    replaces = False

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, *, pack: bool) -> None:
        self._weight, self.bias, self._packed = weight, bias, None
        if pack and torch.backends.mkldnn.is_available():
            self._packed = torch.ops.mkldnn._reorder_linear_weight(weight, PACKED_FOR_ROWS)
        self.nbytes = 0 if self._packed is None else weight.nbytes

    def weight(self) -> torch.Tensor:
        return self._weight

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if self._packed is None or not FEWEST_ROWS <= x.shape[0] <= MOST_ROWS:
            return functional.linear(x, self._weight, self.bias)
        result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            x, self._packed, self.bias, "none", [], ""
        )
        return result


class Half:
    """By torch's older operator: the newer `linear_dynamic_fp16` is the same kernel, but needs 15
    microseconds a call to look at its arguments, which is two milliseconds a step.
    """

    replaces = True

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        self._inputs, self.bias = weight.shape[1], bias
        self.nbytes = weight.numel() * 2
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated; said once, at the first call of each
            self._packed = torch.fbgemm_pack_gemm_matrix_fp16(weight)
            self(weight.new_zeros(1, self._inputs))

    def weight(self) -> torch.Tensor:
        """What comes out for each unit vector: exact, and three times the time of unpacking."""
        return self._product(torch.eye(self._inputs), None).T

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self._product(x, self.bias)

    def _product(self, x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        result: torch.Tensor = torch.fbgemm_linear_fp16_weight_fp32_activation(
            x, self._packed, bias
        )
        return result


class Int8:
    """A scale per output for the weights, and per row for the inputs.

    FBGEMM adds pairs of products in 16 bits, which hold 8 bits times 7: an input goes in twice, as
    its first 7 bits and as the 7 that follow. Rows are independent to the bit.
    """

    replaces = True

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        self._packed, self.bias = packed_int8(weight), bias
        self.nbytes = weight.numel()

    def weight(self) -> torch.Tensor:
        unpacked: torch.Tensor = torch.ops.quantized.linear_unpack(self._packed)[0].dequantize()
        return unpacked

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.shape[0]
        scale = x.abs().amax(-1, keepdim=True).clamp_min_(TINIEST).div_(INPUT_LEVELS)
        levels = x / scale
        first = levels.round()
        parts = torch.cat((first, levels.sub_(first).mul_(PARTS)))
        result = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            parts, 1.0, INPUT_ZERO, self._packed
        )
        out = torch.add(result[:rows], result[rows:], alpha=1 / PARTS).mul_(scale)
        return out if self.bias is None else out.add_(self.bias)


def packed_int8(weight: torch.Tensor) -> Any:
    scales = weight.abs().amax(1).clamp_min(TINIEST) / WEIGHT_LEVELS
    levels = (weight / scales.unsqueeze(1)).round_().to(torch.int8)
    zeros = torch.zeros(len(scales), dtype=torch.long)
    engine = torch.backends.quantized.engine
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tensor type is deprecated, its product is not
        quantised = torch._make_per_channel_quantized_tensor(levels, scales.double(), zeros, 0)
        try:
            torch.backends.quantized.engine = "fbgemm"
            return torch.ops.quantized.linear_prepack(quantised, None)
        finally:
            torch.backends.quantized.engine = engine


def fbgemm() -> bool:
    """Whether this processor and this torch have the packed kinds."""
    known = hasattr(torch, "fbgemm_linear_fp16_weight_fp32_activation")
    return known and "fbgemm" in torch.backends.quantized.supported_engines


def fits_half(weight: torch.Tensor) -> bool:
    """Whether float16 holds every weight: those of a bfloat16 checkpoint, as a rule.

    What is lost below the smallest normal number is less than float32 sums round away.
    """
    return bool(((weight.half().float() - weight).abs() <= FINEST_HALF).all())
