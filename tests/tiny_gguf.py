"""The tiny model as a GGUF file, as llama.cpp's converter would write it."""

from pathlib import Path
from typing import Any

from tests.tiny_model import SPECIAL_TOKENS, byte_tokenizer


def write_tiny_gguf(path: Path, *, seed: int = 7) -> Path:
    """A two-layer Llama in float32, 64 wide, with a byte-level tokenizer."""
    import numpy as np
    from gguf import GGUFWriter

    tokenizer = byte_tokenizer()
    numbers = np.random.default_rng(seed)
    writer = GGUFWriter(path, "llama")
    writer.add_license("mit")
    for name, value in {
        "context_length": 512,
        "embedding_length": 64,
        "block_count": 2,
        "feed_forward_length": 128,
        "head_count": 4,
        "head_count_kv": 2,
        "layer_norm_rms_eps": 1e-6,
        "rope_freq_base": 10000.0,
    }.items():
        getattr(writer, f"add_{name}")(value)
    add_tokenizer(writer, tokenizer)
    for name, shape in shapes(len(tokenizer) + 1).items():
        writer.add_tensor(name, numbers.normal(0, 0.4, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def add_tokenizer(writer: Any, tokenizer: Any) -> None:
    tokens = [*tokenizer.convert_ids_to_tokens(range(len(tokenizer))), "th"]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in SPECIAL_TOKENS else 1 for token in tokens])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_chat_template(tokenizer.chat_template)


def shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    layer = {
        "attn_norm": (64,),
        "attn_q": (64, 64),
        "attn_k": (32, 64),
        "attn_v": (32, 64),
        "attn_output": (64, 64),
        "ffn_norm": (64,),
        "ffn_gate": (128, 64),
        "ffn_up": (128, 64),
        "ffn_down": (64, 128),
    }
    blocks = {f"blk.{i}.{n}.weight": shape for i in range(2) for n, shape in layer.items()}
    ends = {"token_embd.weight": (vocabulary, 64), "output.weight": (vocabulary, 64)}
    return {**ends, "output_norm.weight": (64,), **blocks}
