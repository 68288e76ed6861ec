"""Selective tuning: some of the model's own layers learn, the rest stays.

Norms alone are LN tuning (Zhao et al. 2023, arXiv:2312.11420); biases alone BitFit (Ben Zaken et
al. 2021, arXiv:2106.10199), which needs a model that has biases. The layers that learn are copies,
so the base stays as it is and what was learned is an adapter like the others.
"""

from dataclasses import dataclass
from typing import Any

from llmkit.configs import ConfigError, setting
from llmkit.tuning.ways import Way, file

WHAT = ("norms", "biases", "last layers", "named")


@dataclass(frozen=True)
class Config:
    what: str = setting("norms", "What learns", choices=WHAT)
    layers: int = setting(2, "How many last layers", minimum=1, maximum=200)
    target_modules: tuple[str, ...] = setting(
        (), "Names", "For named ones: ends of module names, such as mlp.down_proj."
    )


def adapt(model: Any, config: Config) -> Any:
    from peft import LNTuningConfig, get_peft_model

    from llmkit.tuning.targets import task_of, told

    names = chosen(model, config)
    with told("selective tuning"):
        tuned = get_peft_model(
            model, LNTuningConfig(task_type=task_of(model), target_modules=names)
        )
    if config.what == "biases":
        freeze_all_but_biases(tuned)
    return tuned


def chosen(model: Any, config: Config) -> list[str]:
    """Full names of the modules that learn. ConfigError where there is none."""
    leaves = [(name, module) for name, module in model.named_modules() if is_leaf(module)]
    found = [name for name, module in leaves if CHOICES[config.what](model, name, module, config)]
    if not found:
        raise ConfigError("what", f"This model has no {MISSING[config.what]}.")
    return found


MISSING = {
    "norms": "norms",
    "biases": "biases. Take norms, last layers or named ones",
    "last layers": "numbered layers. Name the modules instead",
    "named": "modules with these names",
}


def is_leaf(module: Any) -> bool:
    return not list(module.children()) and bool(list(module.parameters(recurse=False)))


def is_norm(model: Any, name: str, module: Any, config: Config) -> bool:
    return "norm" in type(module).__name__.lower()


def has_bias(model: Any, name: str, module: Any, config: Config) -> bool:
    return getattr(module, "bias", None) is not None and not is_norm(model, name, module, config)


def is_late(model: Any, name: str, module: Any, config: Config) -> bool:
    from llmkit.tuning.targets import is_late as late

    return late(model, name, config.layers)


def is_named(model: Any, name: str, module: Any, config: Config) -> bool:
    return any(name == part or name.endswith(f".{part}") for part in config.target_modules)


CHOICES = {"norms": is_norm, "biases": has_bias, "last layers": is_late, "named": is_named}


def freeze_all_but_biases(model: Any) -> None:
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and not name.endswith(".bias"):
            parameter.requires_grad_(False)


file(
    Way(
        name="selective",
        label="Selective",
        summary="Chosen layers of the model learn: norms, biases, the last ones, or named ones.",
        config=Config,
        adapt=adapt,
    )
)
