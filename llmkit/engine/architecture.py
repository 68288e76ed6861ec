"""What a model's configuration tells about how it can be run."""

from typing import Any


def model_class(config: Any) -> Any:
    """The class of transformers that reads such a model."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM if is_encoder_decoder(config) else AutoModelForCausalLM


def is_encoder_decoder(config: Any) -> bool:
    return bool(getattr(config, "is_encoder_decoder", False))


def capabilities(config: Any) -> dict[str, Any]:
    """`LoadedModel`'s fields about it.

    Only decoders whose every layer attends to everything before it fit the slot cache; a sliding
    window and an encoder-decoder's answer can still be read in pieces; state spaces carry too much
    from piece to piece for that.
    """
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

    two = is_encoder_decoder(config)
    kinds = {type(layer) for layer in cache_layers(config)}
    return {
        "encoder_decoder": two,
        "batches": not two and kinds == {DynamicLayer},
        "readable": two or (bool(kinds) and kinds <= {DynamicLayer, DynamicSlidingWindowLayer}),
    }


def cache_layers(config: Any) -> list[Any]:
    """The layers of transformers' own cache; none where it has no such cache for the model."""
    from transformers.cache_utils import DynamicCache

    text = config.get_text_config()
    if not hasattr(text, "num_attention_heads"):
        return []
    try:
        return list(DynamicCache(config=text).layers)
    except (KeyError, NotImplementedError, ValueError):
        return []
