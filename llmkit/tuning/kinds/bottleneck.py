"""Adapters: a narrow pair of layers after attention and feed-forward learns.

Houlsby et al. 2019 (arXiv:1902.00751) put one after both, Pfeiffer et al. 2020 (arXiv:2005.00247)
after the feed-forward only: y + U f(D y), where y is the sublayer's output before it is added to
the residual stream. U starts at 0, so a new adapter changes nothing.
"""

from dataclasses import dataclass
from typing import Any

from llmkit.configs import setting
from llmkit.tuning.ways import Way, file

PLACES = ("attention and feed-forward", "feed-forward")


@dataclass(frozen=True)
class Config:
    width: int = setting(
        64, "Width", "Of the narrow layer between down and up.", minimum=1, maximum=8192
    )
    places: str = setting(PLACES[0], "After", choices=PLACES)
    activation: str = setting("gelu", "Activation", choices=("gelu", "relu", "silu"), advanced=True)


def adapt(model: Any, config: Config) -> Any:
    from peft import get_peft_model

    from llmkit.tuning.bottleneck import BottleneckConfig
    from llmkit.tuning.targets import attention_outputs, feed_forward_outputs, task_of, told

    with told("adapters"):
        names = feed_forward_outputs(model)
        if config.places == PLACES[0]:
            names = sorted({*names, *attention_outputs(model)})
        wanted = BottleneckConfig(
            task_type=task_of(model),
            width=config.width,
            activation=config.activation,
            target_modules=names,
        )
        return get_peft_model(model, wanted)


file(
    Way(
        name="adapters",
        label="Adapters",
        summary="A narrow pair of layers after attention and feed-forward learns.",
        config=Config,
        adapt=adapt,
        merges=False,
    )
)
