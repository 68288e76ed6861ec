"""Whether a loaded module can be run by the lean decoder, and with which products."""

import os
from collections.abc import Callable
from typing import Any

import torch

from llmkit.engine.cache import SlotCache
from llmkit.engine.fast.decoder import Decoder
from llmkit.engine.fast.products import Half, Int8, Plain, Product, fbgemm, fits_half
from llmkit.engine.fast.shared import SharedLinear, hand_over
from llmkit.engine.packing import SHARE_OF_MEMORY

LAYER = {"self_attn", "mlp", "input_layernorm", "post_attention_layernorm"}
PROJECTIONS = {"q_proj", "k_proj", "v_proj", "o_proj"}
HEAD_NORMS = {"q_norm", "k_norm"}
FEED = {"gate_proj", "up_proj", "down_proj", "act_fn"}
FIXED_ROTATIONS = {"default", "linear", "llama3", "yarn"}
EXACT, CLOSE = 1e-3, 0.2
TRIAL = range(3, 14)


def lean_decoder(model: Any, *, int8: bool = False, keeps: bool = False) -> Decoder | None:
    """A decoder that gives the module's own numbers, or None where there is none for it.

    Float32 on a processor only. With `int8` the numbers are those of the rounded weights. The
    module gives up the weights that were packed and works with the packed ones from then on, unless
    it `keeps` them, which it must where a gradient goes through it.
    """
    if not covered(model) or (int8 and not fbgemm()):
        return None
    choose, made = chooser(model, int8=int8), []

    def make(*linear: Any) -> Product:
        made.append((linear, choose(linear)))
        return made[-1][1]

    decoder = Decoder(model, make)
    if not agrees(decoder, CLOSE if int8 else EXACT):
        return None
    for linear, product in made:
        if product.replaces and not keeps:
            hand_over(linear, product)
    return decoder


def covered(model: Any) -> bool:
    """Whether it has the Llama family's parts and no others. Numbers decide the rest."""
    inner: Any = getattr(model, "model", None)
    if model.device.type != "cpu" or model.dtype != torch.float32 or not hasattr(inner, "layers"):
        return False
    rotary = getattr(inner, "rotary_emb", None)
    return (
        getattr(rotary, "rope_type", None) in FIXED_ROTATIONS
        and getattr(model.config, "hidden_act", None) == "silu"
        and plain_linear(getattr(model, "lm_head", None))
        and all(covered_layer(layer) for layer in inner.layers)
    )


def covered_layer(layer: Any) -> bool:
    if parts(layer) != LAYER or parts(layer.mlp) != FEED:
        return False
    norms = parts(layer.self_attn) - PROJECTIONS
    linear = [getattr(layer.self_attn, name, None) for name in PROJECTIONS]
    linear += [getattr(layer.mlp, name) for name in FEED - {"act_fn"}]
    return norms in (set(), HEAD_NORMS) and all(plain_linear(module) for module in linear)


def parts(module: Any) -> set[str]:
    return {name for name, _ in module.named_children()}


def plain_linear(module: Any) -> bool:
    return type(module) in (torch.nn.Linear, SharedLinear)


def chooser(model: Any, *, int8: bool) -> Callable[[tuple[Any, ...]], Product]:
    """Makes each product by its weights: the fewest bytes that keep what they say."""
    pack = memory_allows(model)

    def choose(linear: tuple[Any, ...]) -> Product:
        weight, bias = joined(linear)
        if int8:
            return Int8(weight, bias)
        if fbgemm() and fits_half(weight):
            return Half(weight, bias)
        share(weight, linear)
        return Plain(weight, bias, pack=pack)

    return choose


def memory_allows(model: Any) -> bool:
    """Second copies of the weights may take an eighth of the memory."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return bool(sum(p.nbytes for p in model.parameters()) <= memory / SHARE_OF_MEMORY)


def joined(linear: tuple[Any, ...]) -> tuple[torch.Tensor, torch.Tensor | None]:
    """One weight [sum of outs, in] and one bias for modules with the same input."""
    if len(linear) == 1:
        bias = linear[0].bias
        return linear[0].weight.detach(), None if bias is None else bias.detach()
    biases = [
        module.weight.new_zeros(module.out_features) if module.bias is None else module.bias
        for module in linear
    ]
    weight = torch.cat([module.weight.detach() for module in linear])
    return weight, torch.cat(biases).detach() if any(m.bias is not None for m in linear) else None


def share(weight: torch.Tensor, linear: tuple[Any, ...]) -> None:
    """Let the modules look into the joined weight, so that it is no second copy."""
    for module, part in zip(linear, weight.split([m.out_features for m in linear]), strict=True):
        module.weight.data = part


@torch.inference_mode()
def agrees(decoder: Decoder, tolerance: float) -> bool:
    """Whether a piece and the token after it give the module's logits, to a share of their norm.

    What all logits of a row have in common is left out: no probability notices it.
    """
    tokens = torch.tensor([list(TRIAL)])
    want = decoder.model(input_ids=tokens, use_cache=False).logits[0, -2:]
    positions = torch.arange(tokens.shape[1]).unsqueeze(0)
    cache, read = SlotCache(len(decoder.model.model.layers)), tokens.shape[1] - 1
    cache.window.prefill(0, 0, read)
    try:
        first = decoder(tokens[:, :read], positions[:, :read], cache, None)
        cache.window.prefill(0, read, 1)
        second = decoder(tokens[:, read:], positions[:, read:], cache, None)
    except RuntimeError:
        return False
    apart = centred(torch.cat((first, second)) - want).norm(dim=-1)
    return bool((apart <= tolerance * centred(want).norm(dim=-1)).all())


def centred(logits: torch.Tensor) -> torch.Tensor:
    return logits - logits.mean(-1, keepdim=True)
