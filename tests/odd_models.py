"""Tiny models that cannot be batched: an encoder-decoder, a sliding window, a state space.

Like tests/tiny_model.py: random weights from a seed, spread wide, with the byte tokenizer.
"""

from pathlib import Path
from typing import Any

from tests.tiny_model import byte_tokenizer

SEED = 11


def build_odd_model(folder: Path, kind: str) -> Path:
    """Write a served model folder of `kind` (t5, sliding, mamba) and return it."""
    import torch

    tokenizer = byte_tokenizer()
    if kind == "t5":
        tokenizer.chat_template = None
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        model = MAKERS[kind](tokenizer).float().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2:
                weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(len(name)))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tokens_of(tokenizer: Any) -> dict[str, int]:
    return {
        "vocab_size": len(tokenizer),
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def make_t5(tokenizer: Any) -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        **tokens_of(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    return T5ForConditionalGeneration(config)


def make_sliding(tokenizer: Any) -> Any:
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        **tokens_of(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=512,
        sliding_window=8,
        tie_word_embeddings=False,
    )
    return MistralForCausalLM(config)


def make_mamba(tokenizer: Any) -> Any:
    from transformers import MambaConfig, MambaForCausalLM

    config = MambaConfig(
        **tokens_of(tokenizer),
        hidden_size=32,
        state_size=8,
        num_hidden_layers=2,
        tie_word_embeddings=False,
    )
    return MambaForCausalLM(config)


MAKERS = {"t5": make_t5, "sliding": make_sliding, "mamba": make_mamba}
