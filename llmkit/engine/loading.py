"""Reading a served model from its folder: safetensors only, local files only, no remote code."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from llmkit.engine.architecture import capabilities, is_encoder_decoder, model_class
from llmkit.engine.fast.building import lean_decoder
from llmkit.engine.fast.decoder import Decoder
from llmkit.engine.fast.products import fbgemm
from llmkit.engine.footprint import bytes_held
from llmkit.engine.names import TokenNames
from llmkit.engine.packing import pack_linear_layers
from llmkit.engine.precision import Precision, chosen, wanted
from llmkit.engine.progress import Tell, part, weights_counted
from llmkit.engine.prompt import PromptBuilder, prompt_builder
from llmkit.engine.text import ByteDetokeniser, ByteTable, Detokeniser, WindowDetokeniser
from llmkit.types import EngineError

LOCAL = {"local_files_only": True, "trust_remote_code": False}
UNBOUNDED = 1 << 20
WEIGHTS_READ = 0.9


@dataclass
class LoadedModel:
    """A model that is ready to run, and what the engine has to know about it.

    `window` is the longest sequence in tokens; `eos` the token ids that end an answer.
    `memory_bytes` is what its weights and their packed copies hold. `batches`: its rows fit the
    slot cache of in-flight batching. `readable`: a text can be read once more in pieces with
    transformers' dynamic cache, to look into it. `decoder` runs the weights of the `model`
    that it was made from faster, not those of a model with an adapter. `base` is what an adapted
    model was made from. `scorers` are the reward models opened over its weights, by folder.
    """

    name: str
    model: Any
    tokenizer: Any
    device: torch.device
    window: int
    layers: int
    vocabulary: int
    eos: frozenset[int]
    byte_table: ByteTable | None
    precision: str = "float32"
    memory_bytes: int = 0
    batches: bool = True
    readable: bool = True
    encoder_decoder: bool = False
    decoder: Decoder | None = None
    base: "LoadedModel | None" = None
    scorers: dict[str, Any] = field(default_factory=dict)

    @property
    def company(self) -> "LoadedModel":
        """The model in whose batch its rows may stand: the bare one where the decoder can do it."""
        return self.base if self.base is not None and self.decoder is not None else self

    @property
    def dtype(self) -> str:
        return str(self.model.dtype).removeprefix("torch.")

    @cached_property
    def names(self) -> TokenNames:
        return TokenNames(self.tokenizer, self.byte_table)

    def room(self, prompt: int, begun: int) -> int:
        """How many tokens may still be written after a prompt whose last `begun` are the answer's.

        An encoder's prompt takes nothing from its decoder's window.
        """
        return self.window - (begun if self.encoder_decoder else prompt)

    def detokeniser(self) -> Detokeniser:
        if self.byte_table is not None:
            return ByteDetokeniser(self.byte_table)
        return WindowDetokeniser(self._decode)

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text


def best_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_model(
    folder: Path,
    *,
    dtype: str | None = None,
    progress: Tell = lambda fraction: None,
    decodes: bool = True,
) -> LoadedModel:
    """The model in `folder`, or EngineError(model_failed) with a sentence for people.

    `dtype` is the precision where the folder's serving.json asks for none; None is the best one.
    Without `decodes` the weights are not packed for steps of few rows: that reads long texts
    quicker, and is sooner open.
    """
    with told_as_damage(folder):
        return read_model(folder, dtype, progress, decodes=decodes)


def read_tokenizer(folder: Path) -> tuple[Any, PromptBuilder, int]:
    """The tokenizer, what builds prompts with it, and the window in tokens, or
    EngineError(model_failed)."""
    from transformers import AutoConfig, AutoTokenizer

    with told_as_damage(folder):
        config = AutoConfig.from_pretrained(folder, **LOCAL)
        tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
        prompts = prompt_builder(folder.name, tokenizer, is_encoder_decoder(config))
        return tokenizer, prompts, context_window(config.get_text_config(), tokenizer)


@contextmanager
def told_as_damage(folder: Path) -> Iterator[None]:
    """Whatever a library says about a folder it cannot read becomes one sentence."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise EngineError(
            f"The model folder {folder.name} is damaged or incomplete: {reason} "
            "Put a whole copy in its place or choose another model.",
            code="model_failed",
        ) from error


def read_model(folder: Path, dtype: str | None, progress: Tell, *, decodes: bool) -> LoadedModel:
    from transformers import AutoConfig, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    device = best_device()
    precision = chosen(wanted(folder, dtype), device)
    config = AutoConfig.from_pretrained(folder, **LOCAL)
    tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
    with weights_counted(part(progress, 0, WEIGHTS_READ)):
        model, decoder = read_weights(folder, config, precision, device, decodes=decodes)
    if decoder is None and decodes:
        pack_linear_layers(model)
    described = describe(folder.name, model, tokenizer, decoder)
    return replace(described, precision=precision.name)


def read_weights(
    folder: Path, config: Any, precision: Precision, device: torch.device, *, decodes: bool
) -> tuple[Any, Decoder | None]:
    """The module, and what runs its weights faster where something does.

    On a processor `int8` means our own products where they fit, several times faster than
    bitsandbytes' there (docs/decisions/0005-decoding-on-a-processor.md).
    """
    if precision.name == "int8" and device.type == "cpu" and fbgemm():
        model = read_module(folder, config, Precision("float32", torch.float32), device)
        decoder = lean_decoder(model, int8=True)
        if decoder is not None:
            return model, decoder
        del model
    model = read_module(folder, config, precision, device)
    packs = decodes and precision.quantisation is None
    return model, lean_decoder(model) if packs else None


def read_module(folder: Path, config: Any, precision: Precision, device: torch.device) -> Any:
    model, report = model_class(config).from_pretrained(
        folder,
        config=copy.deepcopy(config),  # a quantised one is written into
        dtype=precision.dtype,
        **placement(precision, device),
        use_safetensors=True,
        output_loading_info=True,
        **LOCAL,
    )
    if report["missing_keys"]:
        raise ValueError(f"its weights lack {sorted(report['missing_keys'])[0]}.")
    return model.eval()


def placement(precision: Precision, device: torch.device) -> dict[str, Any]:
    """Where the weights go as they are read; quantised ones cannot be moved afterwards."""
    if precision.quantisation is None and device.type == "cpu":
        return {}
    placed: dict[str, Any] = {"device_map": {"": str(device)}}
    if precision.quantisation is not None:
        placed["quantization_config"] = precision.quantisation
    return placed


def describe(name: str, model: Any, tokenizer: Any, decoder: Decoder | None = None) -> LoadedModel:
    config = model.config.get_text_config()
    return LoadedModel(
        name=name,
        model=model,
        tokenizer=tokenizer,
        device=model.device,
        window=context_window(config, tokenizer),
        layers=config.num_hidden_layers,
        vocabulary=config.vocab_size,
        eos=end_tokens(model, tokenizer),
        byte_table=ByteTable(tokenizer) if is_byte_level(tokenizer) else None,
        precision=str(model.dtype).removeprefix("torch."),
        memory_bytes=bytes_held(model) + (decoder.nbytes if decoder else 0),
        decoder=decoder,
        **capabilities(model.config),
    )


def context_window(config: Any, tokenizer: Any) -> int:
    limits = (
        getattr(config, "max_position_embeddings", None) or UNBOUNDED,
        tokenizer.model_max_length or UNBOUNDED,
    )
    return int(min(*limits, UNBOUNDED))


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    named = model.generation_config.eos_token_id
    ids = named if isinstance(named, list) else [named]
    return frozenset(i for i in [*ids, tokenizer.eos_token_id] if i is not None)


def is_byte_level(tokenizer: Any) -> bool:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return backend is not None and type(backend.decoder).__name__ == "ByteLevel"
