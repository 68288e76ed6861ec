"""Adapters with random weights over the tiny models, made and saved by PEFT itself."""

from pathlib import Path
from typing import Any

SOFT_PROMPTS = ["PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING"]


def build_adapter(
    base: Path, folder: Path, kind: str = "LORA", *, seed: int = 1, **more: Any
) -> Path:
    """Write an adapter of `kind` for the model in `base` to `folder` and return it."""
    import torch
    from peft import get_peft_model

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        adapted = get_peft_model(read(base), config_of(kind, base, **more))
        for weight in adapted.parameters():
            if weight.requires_grad:
                torch.nn.init.normal_(weight, std=0.3)
    adapted.save_pretrained(str(folder))
    return folder


def read(base: Path) -> Any:
    from transformers import AutoConfig

    from llmkit.engine.architecture import model_class

    return model_class(AutoConfig.from_pretrained(base)).from_pretrained(base, dtype="float32")


def config_of(kind: str, base: Path, **more: Any) -> Any:
    import peft
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(base)
    task = "SEQ_2_SEQ_LM" if config.is_encoder_decoder else "CAUSAL_LM"
    if kind == "LORA":
        return peft.LoraConfig(r=4, task_type=task, **{"target_modules": "all-linear", **more})
    if kind == "IA3":
        return peft.IA3Config(task_type=task)
    made = {
        "PROMPT_TUNING": peft.PromptTuningConfig,
        "PREFIX_TUNING": peft.PrefixTuningConfig,
        "P_TUNING": peft.PromptEncoderConfig,
    }
    return made[kind](task_type=task, num_virtual_tokens=6)


def peft_answer(base: Path, folder: Path, prompt: list[int], new_tokens: int) -> list[int]:
    """What PEFT's own `generate` answers greedily with the adapter."""
    import torch
    from peft import PeftModel

    model = PeftModel.from_pretrained(read(base), str(folder)).eval()
    ids = torch.tensor([prompt])
    output = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=new_tokens,
        do_sample=False,
    )
    skip = 1 if model.config.is_encoder_decoder else len(prompt)
    return [int(i) for i in output[0, skip:]]
