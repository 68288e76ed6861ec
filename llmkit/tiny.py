"""A two-layer Llama with a byte tokenizer, built from a seed: a real model with no download.

Its weights are random but spread wide, so greedy decoding wanders instead of repeating one token,
and every byte is a token of its own, so multi-byte characters always span several tokens. It
writes printable ASCII and ends its turn now and then; `printable=False` lets it write any byte,
`ends=False` makes it write up to its window. Tests train and serve it, and so does a rehearsal that
is to be over in minutes: `python -m llmkit.tiny FOLDER`.
"""

import sys
from pathlib import Path
from typing import Any

TINY_MODEL = "tiny"
TINY_CONTEXT = 512
SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def byte_tokenizer(window: int = TINY_CONTEXT) -> Any:
    """One token per byte plus the ChatML markers, with the ChatML template."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({char: i for i, char in enumerate(alphabet)}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL_TOKENS])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=window,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHATML
    return tokenizer


def quieten_unprintable(model: Any, tokenizer: Any) -> None:
    """Shrink the output weights of everything but printable bytes and the end-of-turn token."""
    import torch

    keep = {tokenizer.eos_token_id, *tokenizer.encode("".join(map(chr, range(32, 127))))}
    others = [i for i in range(len(tokenizer)) if i not in keep]
    with torch.no_grad():
        model.lm_head.weight[others] *= 0.1


def never_end(model: Any, tokenizer: Any) -> None:
    """Leave the end-of-turn token a logit of 0, far below the likeliest one's."""
    import torch

    with torch.no_grad():
        model.lm_head.weight[tokenizer.eos_token_id] = 0


def build_tiny_model(
    folder: Path,
    *,
    seed: int = 7,
    layers: int = 2,
    printable: bool = True,
    window: int = TINY_CONTEXT,
    ends: bool = True,
) -> Path:
    """Write a served model folder (config, safetensors, tokenizer) and return it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_tokenizer(window)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=window,
        initializer_range=0.4,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config).float().eval()
    if printable:
        quieten_unprintable(model, tokenizer)
    if not ends:
        never_end(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


if __name__ == "__main__":
    build_tiny_model(Path(sys.argv[1]), window=int(sys.argv[2]))
