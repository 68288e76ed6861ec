"""The forward pass of the Llama family, reduced to the operations that it needs.

    h = embedding(tokens)
    each layer:  h += O · attention(rotate(QKV · norm(h)))
                 h += D · (silu(G · norm(h)) * (U · norm(h)))
    logits = head · norm(h of the last token)

Touvron et al. 2023 (arXiv:2302.13971) with grouped queries (Ainslie et al. 2023, arXiv:2305.13245)
and, where the model has them, biases (Qwen2) and norms of queries and keys (Qwen3). A decoding step
of transformers' module is some six thousand operations, of which 210 do the work.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from llmkit.engine.cache import SlotCache, SlotLayer
from llmkit.engine.fast.products import Product

MakeProduct = Callable[..., Product]


class Norm:
    """Root mean square norm of the last dimension (Zhang & Sennrich 2019, arXiv:1910.07467).

        x / sqrt(mean(x²) + eps) * w  =  x / hypot(|x|, sqrt(n eps)) * sqrt(n) w

    Four operations on a processor, where torch's own takes nine and twice the time.
    """

    def __init__(self, module: Any) -> None:
        size = module.weight.shape[-1]
        self._weight = module.weight.detach() * size**0.5
        self._least = self._weight.new_tensor((size * module.variance_epsilon) ** 0.5)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        return torch.div(x, torch.hypot(length, self._least)).mul_(self._weight)


class Pass:
    """What all layers of one forward pass share: its shape, its rotations and its mask."""

    def __init__(
        self, shape: torch.Size, cos: torch.Tensor, sin: torch.Tensor, mask: torch.Tensor | None
    ) -> None:
        self.rows, self.count = shape
        half = cos.shape[-1] // 2
        self._cos = cos.unsqueeze(2)
        self._sin = torch.cat((-sin[..., :half], sin[..., half:]), -1).unsqueeze(2)
        self._half = half
        self.mask = mask

    def rotate(self, heads: torch.Tensor) -> torch.Tensor:
        """Rotary positions (Su et al. 2021, arXiv:2104.09864) of heads [rows, count, n, dim]."""
        return torch.addcmul(heads * self._cos, heads.roll(self._half, -1), self._sin)


class Attention:
    def __init__(self, module: Any, make: MakeProduct) -> None:
        self._qkv = make(module.q_proj, module.k_proj, module.v_proj)
        self._out = make(module.o_proj)
        self._dim, self._scale = module.head_dim, module.scaling
        self._queries = module.q_proj.out_features // self._dim
        self._keys = module.k_proj.out_features // self._dim
        self._norms = [Norm(getattr(module, n)) for n in ("q_norm", "k_norm") if hasattr(module, n)]

    def __call__(self, x: torch.Tensor, now: Pass, cache: SlotLayer) -> torch.Tensor:
        """x [rows * count, hidden]; what the new tokens take from all that the cache holds."""
        queries, both = self._queries, self._queries + self._keys
        heads = self._qkv(x).view(now.rows, now.count, both + self._keys, self._dim)
        turned = now.rotate(self._normed(heads[:, :, :both]))
        new = turned[:, :, queries:].transpose(1, 2), heads[:, :, both:].transpose(1, 2)
        keys, values = cache.update(*new)
        mixed = functional.scaled_dot_product_attention(
            self._grouped(turned[:, :, :queries], now),
            keys,
            values,
            attn_mask=now.mask,
            scale=self._scale,
        )
        mixed = mixed.reshape(now.rows, queries, now.count, self._dim).transpose(1, 2)
        return self._out(mixed.reshape(now.rows * now.count, -1))

    def _normed(self, heads: torch.Tensor) -> torch.Tensor:
        if not self._norms:
            return heads
        parts = heads.split((self._queries, self._keys), 2)
        return torch.cat([norm(part) for norm, part in zip(self._norms, parts, strict=True)], 2)

    def _grouped(self, queries: torch.Tensor, now: Pass) -> torch.Tensor:
        """[rows, keys, group * count, dim]: the queries that share a key's head stand in a row."""
        return queries.transpose(1, 2).reshape(now.rows, self._keys, -1, self._dim)


class Layer:
    def __init__(self, module: Any, make: MakeProduct) -> None:
        self._before_attention = Norm(module.input_layernorm)
        self._attention = Attention(module.self_attn, make)
        self._before_feeding = Norm(module.post_attention_layernorm)
        self._gate_up = make(module.mlp.gate_proj, module.mlp.up_proj)
        self._down = make(module.mlp.down_proj)

    def __call__(self, h: torch.Tensor, now: Pass, cache: SlotLayer) -> None:
        """Add to h [rows * count, hidden] in place."""
        h += self._attention(self._before_attention(h), now, cache)
        gate, up = self._gate_up(self._before_feeding(h)).chunk(2, -1)
        h += self._down(functional.silu(gate).mul_(up))


class Decoder:
    """Runs `model`'s weights on a processor. `make` turns one or more linear modules, which all
    take the same input, into one product.
    """

    def __init__(self, model: Any, make: MakeProduct) -> None:
        self.model = model
        self.products: list[Product] = []

        def kept(*linear: Any) -> Product:
            self.products.append(make(*linear))
            return self.products[-1]

        inner = model.model
        self._layers = [Layer(layer, kept) for layer in inner.layers]
        self._norm, self._head = Norm(inner.norm), kept(model.lm_head)
        self._embedding, self._rotary = inner.embed_tokens.weight, inner.rotary_emb
        config = model.config
        self._group = config.num_attention_heads // config.num_key_value_heads
        self.nbytes = sum(product.nbytes for product in self.products)

    def __call__(
        self,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        cache: SlotCache,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """The logits [rows, vocabulary] after the last of `tokens` [rows, count].

        `mask` is that of one token a row; of a longer piece, each token sees those before it.
        """
        h = functional.embedding(tokens.flatten(), self._embedding)
        cos, sin = self._rotary(h, positions)
        if tokens.shape[1] > 1:
            mask = self._causal(tokens.shape[1], cache.window.seen)
        now = Pass(tokens.shape, cos, sin, mask)
        for layer, slots in zip(self._layers, cache.layers, strict=True):
            layer(h, now, slots)
        last = h.view(*tokens.shape, -1)[:, -1]
        return self._head(self._norm(last))

    def _causal(self, count: int, start: int) -> torch.Tensor:
        """[group * count, start + count], True where a query may look."""
        seen = torch.ones(count, start + count, dtype=torch.bool).tril_(start)
        return seen.repeat(self._group, 1)
