"""Soft prompts: vectors in front of the prompt learn, the model stays as it is.

Prompt tuning (Lester et al. 2021, arXiv:2104.08691), P-tuning, where a small network makes them
(Liu et al. 2021, arXiv:2103.10385), and prefix tuning, which has keys and values for every layer
(Li and Liang 2021, arXiv:2101.00190).
"""

from dataclasses import dataclass
from typing import Any

from llmkit.configs import setting
from llmkit.tuning.ways import Way, file


@dataclass(frozen=True)
class Config:
    tokens: int = setting(16, "Virtual tokens", minimum=1, maximum=500)


@dataclass(frozen=True)
class PromptConfig(Config):
    begin_with: str = setting(
        "", "Begin with", "A text whose embeddings the vectors start from. Empty: random ones."
    )


@dataclass(frozen=True)
class WithWidth(Config):
    width: int = setting(
        128, "Width", "Of the network that makes the vectors.", minimum=1, maximum=8192
    )


def prompt(model: Any, config: PromptConfig) -> Any:
    from peft import PromptTuningConfig, PromptTuningInit, get_peft_model

    from llmkit.tuning.targets import task_of, told

    words = {
        "prompt_tuning_init": PromptTuningInit.TEXT,
        "prompt_tuning_init_text": config.begin_with,
        "tokenizer_name_or_path": model.name_or_path,
    }
    with told("prompt tuning"):
        return get_peft_model(
            model,
            PromptTuningConfig(
                task_type=task_of(model),
                num_virtual_tokens=config.tokens,
                **(words if config.begin_with else {}),
            ),
        )


def p_tuning(model: Any, config: WithWidth) -> Any:
    from peft import PromptEncoderConfig, get_peft_model

    from llmkit.tuning.targets import task_of, told

    with told("P-tuning"):
        return get_peft_model(
            model,
            PromptEncoderConfig(
                task_type=task_of(model),
                num_virtual_tokens=config.tokens,
                encoder_hidden_size=config.width,
            ),
        )


def prefix(model: Any, config: Config) -> Any:
    from peft import PrefixTuningConfig, get_peft_model

    from llmkit.tuning.targets import task_of, told

    with told("prefix tuning"):
        return get_peft_model(
            model,
            PrefixTuningConfig(task_type=task_of(model), num_virtual_tokens=config.tokens),
        )


KINDS = (
    ("prompt", "Prompt tuning", "Vectors in front of the prompt learn.", PromptConfig, prompt),
    ("p-tuning", "P-tuning", "A small network makes the vectors.", WithWidth, p_tuning),
    ("prefix", "Prefix tuning", "Keys and values in front of every layer learn.", Config, prefix),
)
for name, label, summary, config, adapt in KINDS:
    file(Way(name, label, summary, config, adapt, merges=False, soft=True))
