"""PEFT adapters over a loaded model: folders `<adapters>/<model>/<adapter>`, ids `model:adapter`.

An adapter is put into a twin of the model (twins.py), so all share one copy of the weights, nothing
that runs notices, and an adapter that does not fit is dropped with its twin. No pickle is read.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.types import EngineError

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

CONFIG, WEIGHTS, PICKLE = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
SEPARATOR = ":"
TASKS = {False: "CAUSAL_LM", True: "SEQ_2_SEQ_LM"}
UNKNOWN = "unknown"


def split(name: str) -> tuple[str, str]:
    """The model and the adapter of a public id; no adapter is an empty text."""
    model, _, adapter = name.partition(SEPARATOR)
    return model, adapter


def adapters_folder(models_dir: Path) -> Path:
    return models_dir.parent / "adapters"


def is_adapter(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


def adapter_names(folder: Path) -> list[str]:
    """The adapters in a model's folder of adapters, sorted."""
    return (
        sorted(path.name for path in folder.iterdir() if is_adapter(path))
        if folder.is_dir()
        else []
    )


def adapter_kind(folder: Path) -> str:
    """PEFT's name for it in small letters (lora, prompt_tuning, …), or "unknown"."""
    try:
        return str(json.loads((folder / CONFIG).read_text())["peft_type"]).lower()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return UNKNOWN


def open_adapter(loaded: "LoadedModel", folder: Path) -> "LoadedModel":
    """The model with the adapter, on the same weights. EngineError(model_failed) if it can't be."""
    from llmkit.engine.fast.shared import unpacked
    from llmkit.engine.release import give_memory_back

    with told_as_unfit(loaded.name, folder):
        refuse_unreadable(folder)
        try:
            return adapted(loaded, folder)
        finally:
            unpacked.cache_clear()
            give_memory_back()


@contextmanager
def told_as_unfit(model: str, folder: Path) -> Iterator[None]:
    """Whatever PEFT says about an adapter becomes one sentence."""
    try:
        yield
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300].rstrip(":.")
        raise EngineError(
            f"The adapter {folder.name} cannot be used with {model}: {reason}. "
            "Put a whole adapter that was trained on this model in its place.",
            code="model_failed",
        ) from error


def refuse_unreadable(folder: Path) -> None:
    if not (folder / WEIGHTS).is_file():
        if (folder / PICKLE).is_file():
            raise ValueError(
                f"its weights are a pickle ({PICKLE}), which could run code; save them as {WEIGHTS}"
            )
        raise ValueError(f"it has no {WEIGHTS}")
    if adapter_kind(folder) == UNKNOWN:
        raise ValueError(f"its {CONFIG} is damaged")


def adapted(loaded: "LoadedModel", folder: Path) -> "LoadedModel":
    from llmkit.engine.fast.lora import adapted_decoder
    from llmkit.engine.runner import Runner

    config = read_config(loaded, folder)
    model = with_adapter(loaded, folder, config)
    refuse_other_weights(model, folder)
    by_forward = not (config.is_prompt_learning or getattr(config, "alora_invocation_tokens", None))
    inner = model.get_base_model()
    result = replace(
        loaded,
        base=loaded,
        decoder=adapted_decoder(loaded.decoder, inner) if by_forward else None,
        name=f"{loaded.name}{SEPARATOR}{folder.name}",
        model=inner if by_forward else model,
        layers=inner.config.get_text_config().num_hidden_layers,
        window=loaded.window - getattr(config, "num_virtual_tokens", 0),
        memory_bytes=bytes_added(model, loaded),
        batches=loaded.batches and by_forward,
        readable=loaded.readable and by_forward,
    )
    result.batches = result.batches and Runner(result).agrees()
    return result


def read_config(loaded: "LoadedModel", folder: Path) -> Any:
    """PEFT's configuration, without what would initialise weights: some ways change the base's."""
    from peft import PeftConfig

    from llmkit.tuning import bottleneck  # noqa: F401  so that PEFT knows such adapters

    config = PeftConfig.from_pretrained(str(folder))
    task = TASKS[loaded.encoder_decoder]
    if config.task_type not in {None, task}:
        raise ValueError(f"it was made for another task ({config.task_type})")
    if getattr(config, "megatron_config", None):
        raise ValueError("it was made for Megatron")
    config.task_type, config.inference_mode = task, True
    if hasattr(config, "init_lora_weights"):
        config.init_lora_weights = True
    return config


def with_adapter(loaded: "LoadedModel", folder: Path, config: Any) -> Any:
    import warnings

    from peft import PeftModel

    from llmkit.engine.twins import twin

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about missing keys, which are looked at below
        model = PeftModel.from_pretrained(
            twin(loaded.model, own_config=True),
            str(folder),
            config=config,
            torch_device=str(loaded.device),
        )
    return model.eval()


def refuse_other_weights(model: Any, folder: Path) -> None:
    """PEFT passes over weights that are missing or have no place."""
    from peft import get_peft_model_state_dict
    from safetensors import safe_open

    with safe_open(folder / WEIGHTS, "pt") as file:
        found = set(file.keys())
    wanted = set(get_peft_model_state_dict(model, save_embedding_layers=False))
    if wanted - found:
        raise ValueError(f"it lacks {sorted(wanted - found)[0]}")
    if found - wanted:
        raise ValueError(f"the model has no place for its {sorted(found - wanted)[0]}")


def bytes_added(model: Any, loaded: "LoadedModel") -> int:
    """What the adapter's own weights hold."""
    shared = {id(tensor) for tensor in loaded.model.parameters()}
    return sum(tensor.nbytes for tensor in model.parameters() if id(tensor) not in shared)
