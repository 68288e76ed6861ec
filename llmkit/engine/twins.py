"""A second tree of modules over the same weights.

What changes a model's wiring (an adapter's layers, another attention implementation) is done to a
twin, so that whoever runs the original meanwhile notices nothing, and so that a twin that fails is
simply dropped. A twin costs some kilobytes a module; every tensor is the original's own.
"""

import copy
from typing import Any

from torch import nn

PER_INSTANCE_HOOKS = ("forward", "_old_forward", "_hf_hook")


def twin(model: Any, *, own_config: bool = False) -> Any:
    """The twin of `model`. `own_config`: with a copy of its configuration as well."""
    made: dict[int, nn.Module] = {}
    config = copy.deepcopy(model.config) if own_config else model.config
    return twin_of(model, made, {id(model.config): config})


def twin_of(module: nn.Module, made: dict[int, nn.Module], instead: dict[int, Any]) -> nn.Module:
    """A module that occurs twice has one twin, in both places."""
    if id(module) in made:
        return made[id(module)]
    result = made[id(module)] = module.__class__.__new__(module.__class__)
    for name, value in module.__dict__.items():
        if name not in PER_INSTANCE_HOOKS:  # bound to the original and hence to its children
            result.__dict__[name] = copied(instead.get(id(value), value))
    result._modules = {
        name: None if child is None else twin_of(child, made, instead)
        for name, child in module._modules.items()
    }
    return result


def copied(value: Any) -> Any:
    """Dictionaries (parameters, buffers, hooks) are the twin's own; what they hold is shared."""
    return copy.copy(value) if isinstance(value, dict) else value
