"""How much memory a model's weights hold, measured on the tensors themselves."""

from collections.abc import Iterator
from typing import Any

import torch


def bytes_held(model: Any) -> int:
    """Bytes of every parameter, buffer, packed copy and quantisation table; shared ones once."""
    return sum(dict(map(storage, tensors(model))).values())


def storage(tensor: torch.Tensor) -> tuple[int, int]:
    """What identifies the tensor's memory, and its size in bytes."""
    if tensor.layout is not torch.strided:  # oneDNN's blocked layout has no storage to ask
        return id(tensor), tensor.numel() * tensor.element_size()
    whole = tensor.untyped_storage()
    return whole.data_ptr(), whole.nbytes()


def tensors(model: Any) -> Iterator[torch.Tensor]:
    for module in model.modules():
        yield from in_values(vars(module))
        for parameter in module.parameters(recurse=False):
            yield parameter
            yield from in_values(vars(parameter))  # bitsandbytes hangs its scales here
        yield from module.buffers(recurse=False)


def in_values(values: dict[str, Any]) -> Iterator[torch.Tensor]:
    """Tensors among the values, and within a quantisation state."""
    for value in values.values():
        if isinstance(value, torch.Tensor):
            yield value
        elif type(value).__name__ == "QuantState":
            yield from in_values(vars(value))
