"""(IA)³ (Liu et al. 2022, arXiv:2205.05638): a vector that scales keys, values and feed-forward."""

from dataclasses import dataclass
from typing import Any

from llmkit.configs import setting
from llmkit.tuning.ways import Way, file


@dataclass(frozen=True)
class Config:
    target_modules: tuple[str, ...] = setting(
        (), "Layers", "Empty: keys, values and the feed-forward's last layer."
    )


def adapt(model: Any, config: Config) -> Any:
    from peft import IA3Config, get_peft_model

    from llmkit.tuning.targets import feed_forward_outputs, keys_and_values, task_of, told

    with told("IA3"):
        ends = feed_forward_outputs(model)
        targets = list(config.target_modules) or [*keys_and_values(model), *ends]
        scaled = [name for name in targets if name in ends]
        return get_peft_model(
            model,
            IA3Config(task_type=task_of(model), target_modules=targets, feedforward_modules=scaled),
        )


file(
    Way(
        name="ia3",
        label="IA3",
        summary="One vector for keys, values and feed-forward learns: the fewest numbers of all.",
        config=Config,
        adapt=adapt,
    )
)
