"""A wish to stop is heeded within a step, between two layers, forwards as well as backwards.

On a slow machine a step takes long. What raises here leaves the weights as the step before left
them, because they change only at a step's very end; whoever catches it puts back what was drawn.
"""

from typing import Any

from training.run.errors import Stopped
from training.run.stopping import Stop


def breakable(model: Any, stop: Stop) -> None:
    """Stopped is raised out of the model's layers from the moment that it is wanted."""

    def look(*about: Any) -> None:
        if stop.wanted:
            raise Stopped

    def entered(layer: Any, arguments: tuple[Any, ...]) -> None:
        look()
        for value in arguments:
            if getattr(value, "requires_grad", False):
                value.register_hook(look)

    for layer in layers_of(model):
        layer.register_forward_pre_hook(entered)


def layers_of(model: Any) -> list[Any]:
    """The blocks of every stack; the model itself where it has none."""
    from torch.nn import ModuleList

    stacks = [module for module in model.modules() if isinstance(module, ModuleList)]
    return [layer for stack in stacks for layer in stack] or [model]
