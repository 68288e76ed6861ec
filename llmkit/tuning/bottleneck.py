"""Bottleneck adapters as a method of PEFT's: its own saving, loading, switching and training.

Importing this module makes `peft_type: BOTTLENECK` known, so that `PeftModel.from_pretrained`
reads such a folder like any other.
"""

from dataclasses import dataclass, field
from typing import Any

from peft import PeftConfig
from peft.mapping import (
    PEFT_TYPE_TO_CONFIG_MAPPING,
    PEFT_TYPE_TO_PREFIX_MAPPING,
    PEFT_TYPE_TO_TUNER_MAPPING,
)
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from torch import Tensor, nn

NAME = "BOTTLENECK"
PREFIX = "bottleneck_"
ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU, "silu": nn.SiLU}


@dataclass
class BottleneckConfig(PeftConfig):
    """`target_modules`: names of the linear layers that end a sublayer."""

    target_modules: list[str] | str | None = None
    exclude_modules: list[str] | str | None = None
    modules_to_save: list[str] | None = None
    width: int = field(default=64)
    activation: str = field(default="gelu")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = NAME


class BottleneckLayer(nn.Module, BaseTunerLayer):
    """A linear layer, and what each adapter adds to its output."""

    adapter_layer_names = ("bottleneck_down", "bottleneck_up")

    def __init__(self, base_layer: nn.Module, adapter: str, config: BottleneckConfig) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.bottleneck_down = nn.ModuleDict()
        self.bottleneck_up = nn.ModuleDict()
        self.activations: dict[str, nn.Module] = {}
        self._active_adapter = adapter
        self.merged_adapters: list[str] = []
        self.update_layer(adapter, config)

    def update_layer(self, adapter: str, config: BottleneckConfig) -> None:
        features = out_features(self.get_base_layer())
        down, up = nn.Linear(features, config.width), nn.Linear(config.width, features)
        nn.init.zeros_(up.weight)
        nn.init.zeros_(up.bias)
        self.bottleneck_down[adapter], self.bottleneck_up[adapter] = down, up
        self.activations[adapter] = ACTIVATIONS[config.activation]()
        self._move_adapter_to_device_of_base_layer(adapter)
        self.set_adapter(self.active_adapters, inference_mode=config.inference_mode)

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        result = self.base_layer(x, *args, **kwargs)
        if self.disable_adapters:
            return result
        for adapter in self.active_adapters:
            if adapter in self.bottleneck_down:
                result = result + self.added(adapter, result)
        return result

    def added(self, adapter: str, y: Tensor) -> Tensor:
        down, up = self.bottleneck_down[adapter], self.bottleneck_up[adapter]
        narrow = self.activations[adapter](down(y.to(down.weight.dtype)))
        return up(narrow).to(y.dtype)

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:
        raise ValueError("Bottleneck adapters hold a non-linear layer and can't be merged.")

    def unmerge(self) -> None:
        """Nothing is ever merged."""


def out_features(layer: nn.Module) -> int:
    """Of a linear layer, or of GPT-2's Conv1D, which names it `nf`."""
    return int(getattr(layer, "out_features", None) or layer.nf)


class BottleneckModel(BaseTuner):
    prefix = PREFIX
    tuner_layer_cls = BottleneckLayer
    target_module_mapping: dict[str, Any] = {}

    def _create_and_replace(
        self,
        peft_config: BottleneckConfig,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
    ) -> None:
        if isinstance(target, BottleneckLayer):
            target.update_layer(adapter_name, peft_config)
            return
        layer = BottleneckLayer(target, adapter_name, peft_config)
        if adapter_name not in self.active_adapters:
            layer.requires_grad_(False)
        self._replace_module(parent, target_name, layer, target)


PEFT_TYPE_TO_CONFIG_MAPPING[NAME] = BottleneckConfig
PEFT_TYPE_TO_TUNER_MAPPING[NAME] = BottleneckModel
PEFT_TYPE_TO_PREFIX_MAPPING[NAME] = PREFIX
