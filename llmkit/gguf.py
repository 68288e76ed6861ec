"""Unpack a quantised GGUF file into a plain model folder that can be served, saved and trained."""

from pathlib import Path
from typing import Any


def unpack_gguf(gguf: Path, folder: Path) -> None:
    """Write `folder` as bf16 safetensors with tokenizer, chat template and generation config.

    Weights that stay in GGUF blocks could be served but neither saved nor trained, so they are
    made dense once. transformers shows a progress bar on a terminal, and would fill in weights that
    the file lacks by chance. ValueError where it lacks one, and whatever the libraries raise.
    """
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    model, report = AutoModelForCausalLM.from_pretrained(
        str(gguf.parent),
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
        local_files_only=True,
        output_loading_info=True,
    )
    if report["missing_keys"]:
        raise ValueError(f"its weights lack {sorted(report['missing_keys'])[0]}.")
    model.save_pretrained(folder)
    _tokenizer(gguf, model.config.max_position_embeddings).save_pretrained(folder)


def _tokenizer(gguf: Path, context_length: int) -> Any:
    """The tokenizer stored in the file, with the window that the model was trained on.

    transformers drops the file's `tokenizer.ggml.pre`: SmolLM splits every digit off before the
    byte-level rule, which changes how spaces before numbers are cut.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(
        str(gguf.parent), gguf_file=gguf.name, local_files_only=True
    )
    tokenizer.model_max_length = context_length
    if _pretokenizer_name(gguf) == "smollm":
        from tokenizers.pre_tokenizers import Digits, Sequence

        core = tokenizer.backend_tokenizer
        core.pre_tokenizer = Sequence([Digits(individual_digits=True), core.pre_tokenizer])
    return tokenizer


def _pretokenizer_name(gguf: Path) -> str:
    from gguf import GGUFReader

    field = GGUFReader(gguf).get_field("tokenizer.ggml.pre")
    return str(field.contents()) if field else ""
