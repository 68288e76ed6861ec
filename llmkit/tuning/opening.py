"""A model's folder opened for training: its weights, its tokenizer, its prompts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmkit.engine.prompt import PromptBuilder

LOCAL = {"local_files_only": True, "trust_remote_code": False}


@dataclass
class Reading:
    """How a model reads: `window` is the longest sequence in tokens; `eos` the token that ends an
    answer."""

    tokenizer: Any
    prompts: PromptBuilder
    window: int
    eos: int


@dataclass
class Opened(Reading):
    """With its weights."""

    model: Any

    @property
    def width(self) -> int:
        return int(self.model.config.get_text_config().hidden_size)

    @property
    def pad(self) -> int:
        """What fills a row; masks say where it stands, so it may be the end token itself."""
        return self.eos if self.tokenizer.pad_token_id is None else self.tokenizer.pad_token_id


def open_base(folder: Path, *, precision: str = "auto") -> Opened:
    """The frozen model in the folder. EngineError(model_failed) with a sentence where it can't be.

    `precision`: as in `llmkit.engine.precision`; "auto" is float32 on a processor.
    """
    from transformers import AutoConfig

    from llmkit.engine.architecture import model_class
    from llmkit.engine.loading import best_device, told_as_damage
    from llmkit.engine.precision import chosen

    reading = open_reading(folder)
    with told_as_damage(folder):
        device = best_device()
        held = chosen(usual(device) if precision == "auto" else precision, device)
        config = AutoConfig.from_pretrained(folder, **LOCAL)
        model = model_class(config).from_pretrained(
            folder, dtype=held.dtype, quantization_config=held.quantisation, **LOCAL
        )
    if held.quantisation is None:
        model = model.to(device)
    return Opened(
        tokenizer=reading.tokenizer,
        prompts=reading.prompts,
        window=reading.window,
        eos=reading.eos,
        model=model.requires_grad_(False).eval(),
    )


def open_reading(folder: Path) -> Reading:
    """All but the weights. EngineError(model_failed) with a sentence where it can't be."""
    from transformers import AutoConfig, AutoTokenizer

    from llmkit.engine.architecture import is_encoder_decoder
    from llmkit.engine.loading import context_window, told_as_damage
    from llmkit.engine.prompt import prompt_builder

    with told_as_damage(folder):
        quieten()
        config = AutoConfig.from_pretrained(folder, **LOCAL)
        tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
    return Reading(
        tokenizer=tokenizer,
        prompts=prompt_builder(folder.name, tokenizer, is_encoder_decoder(config)),
        window=context_window(config.get_text_config(), tokenizer),
        eos=tokenizer.eos_token_id,
    )


def usual(device: Any) -> str:
    return "bfloat16" if device.type == "cuda" else "float32"


def quieten() -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def with_adapter(model: Any, folder: Path, *, name: str = "default", learns: bool = False) -> Any:
    """The model under a saved adapter, further tuned where it `learns`."""
    from peft import PeftModel

    from llmkit.tuning import bottleneck  # noqa: F401  so that PEFT knows such adapters

    if isinstance(model, PeftModel):
        model.load_adapter(str(folder), adapter_name=name, is_trainable=learns)
        return model
    return PeftModel.from_pretrained(model, str(folder), adapter_name=name, is_trainable=learns)
