"""LoRA (Hu et al. 2021, arXiv:2106.09685) and QLoRA (Dettmers et al. 2023, arXiv:2305.14314).

A weight W of d × k gets a sum of two thin matrices, W + (α/r) B A with B d × r and A r × k. Only
these learn: r (d + k) numbers instead of d k. For 512 × 64 at rank 8: 4,608 instead of 32,768.
"""

from dataclasses import dataclass
from typing import Any

from llmkit.configs import setting
from llmkit.tuning.ways import Way, file

ALL_LINEAR = "all-linear"


@dataclass(frozen=True)
class Config:
    rank: int = setting(8, "Rank", "Width of the two thin matrices.", minimum=1, maximum=1024)
    alpha: float = setting(
        16, "Alpha", "The change is multiplied by alpha / rank.", minimum=0.001, maximum=4096
    )
    dropout: float = setting(0.0, "Dropout", minimum=0, maximum=0.9)
    target_modules: tuple[str, ...] = setting(
        (), "Layers", "Names of linear layers, such as q_proj. Empty: all of them."
    )
    last_layers: int | None = setting(
        None,
        "Last layers only",
        "How many; empty: every layer. Fewer are faster: nothing is learned below them.",
        minimum=1,
        maximum=200,
        advanced=True,
    )
    rslora: bool = setting(
        False, "Rank-stabilised", "Multiply by alpha / √rank instead.", advanced=True
    )
    dora: bool = setting(
        False, "DoRA", "Learn a weight's size apart from its direction.", advanced=True
    )


def adapt(model: Any, config: Config) -> Any:
    from peft import LoraConfig, get_peft_model

    from llmkit.tuning.targets import task_of, told

    with told("LoRA"):
        return get_peft_model(
            model,
            LoraConfig(
                task_type=task_of(model),
                r=config.rank,
                lora_alpha=config.alpha,
                lora_dropout=config.dropout,
                target_modules=targets(model, config),
                use_rslora=config.rslora,
                use_dora=config.dora,
            ),
        )


def targets(model: Any, config: Config) -> list[str] | str:
    """Names of layers, or PEFT's word for all linear ones but the vocabulary's."""
    if config.last_layers is None:
        return list(config.target_modules) or ALL_LINEAR
    from llmkit.tuning.targets import ends_with, linear_in_last

    wanted = config.target_modules
    found = linear_in_last(model, config.last_layers)
    return [name for name in found if not wanted or any(ends_with(name, w) for w in wanted)]


file(
    Way(
        name="lora",
        label="LoRA",
        summary="Two thin matrices beside each linear layer learn. Can be merged into the model.",
        config=Config,
        adapt=adapt,
    )
)
file(
    Way(
        name="qlora",
        label="QLoRA",
        summary="LoRA over a base held in 4 bits, for models that would not fit otherwise.",
        config=Config,
        adapt=adapt,
        bits=4,
    )
)
