"""One pass through a tuned model that gives its last hidden states, whatever the way of tuning.

PEFT's soft prompts are not in the layers but in PEFT's own forward pass, which ends in the
vocabulary's head. Reward models, value heads and PPO need the states, for the real tokens alone.
"""

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def decoder_of(model: Any) -> Any:
    """The layers without the vocabulary's head, under whatever adapter the model has."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return getattr(inner, inner.base_model_prefix)


def has_soft_prompt(model: Any) -> bool:
    return bool(getattr(getattr(model, "active_peft_config", None), "is_prompt_learning", False))


def states(model: Any, tokens: "Tensor", mask: "Tensor") -> "Tensor":
    """[batch, tokens, width]. Positions count real tokens, so padding may be on either side."""
    decoder = decoder_of(model)
    inputs: dict[str, Any] = {"input_ids": tokens}
    if has_soft_prompt(model):
        inputs, mask = with_soft_prompt(model, tokens, mask)
    if "position_ids" in inspect.signature(decoder.forward).parameters:
        read = next(inputs[name] for name in ("inputs_embeds", "input_ids") if name in inputs)
        inputs["position_ids"] = positions(mask)[:, -read.shape[1] :]
    found = decoder(**inputs, attention_mask=mask, use_cache="past_key_values" in inputs)
    return found.last_hidden_state[:, -tokens.shape[1] :]


def with_soft_prompt(
    model: Any, tokens: "Tensor", mask: "Tensor"
) -> "tuple[dict[str, Any], Tensor]":
    """Vectors in front of the embeddings, or keys and values in front of every layer's."""
    import torch

    prompt = model.get_prompt(batch_size=len(tokens))
    count = model.active_peft_config.num_virtual_tokens
    longer = torch.cat([mask.new_ones(len(mask), count), mask], 1)
    if not isinstance(prompt, torch.Tensor):
        return {"input_ids": tokens, "past_key_values": prompt}, longer
    embedded = model.word_embeddings(tokens)
    return {"inputs_embeds": torch.cat([prompt.to(embedded.dtype), embedded], 1)}, longer


def positions(mask: "Tensor") -> "Tensor":
    """Position ids that count real tokens only, so that padding on the left shifts nothing."""
    return (mask.long().cumsum(-1) - 1).clamp(min=0)
