"""How likely given texts are after given contexts: many at once, each read exactly once.

The numbers are sums of log-softmax of the model's own logits over a continuation's tokens, in
float32 and natural logarithms. What is read is the context and all but the last token of the
continuation, cut on the left to the model's window, as lm-evaluation-harness does; continuations
whose reading is the same (the one-token choices of a question) share one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

# Of a batch, with padding. On one core a thousand are as quick as more and take less memory.
MOST_TOKENS = {"cpu": 1024}
MOST_TOKENS_ELSEWHERE = 8192
MOST_LOGITS = 1 << 25
MOST_ROWS = 64


@dataclass(frozen=True)
class Pair:
    """Token ids; both have at least one. `place` is the caller's."""

    place: int
    context: Sequence[int]
    continuation: Sequence[int]


@dataclass(frozen=True)
class Likely:
    """`greedy`: each token was the likeliest one at its place."""

    place: int
    logprob: float
    greedy: bool


@torch.inference_mode()
def log_likelihoods(loaded: "LoadedModel", pairs: Sequence[Pair]) -> Iterator[list[Likely]]:
    """Batch by batch, the longest first, so that memory runs out at once or not at all."""
    if loaded.encoder_decoder:
        for pair in pairs:
            yield [_of_encoder(loaded, pair)]
        return
    readings: dict[tuple[int, ...], list[Pair]] = {}
    for pair in pairs:
        readings.setdefault(reading(pair, loaded.window), []).append(pair)
    most = MOST_TOKENS.get(loaded.device.type, MOST_TOKENS_ELSEWHERE)
    for batch in batches(readings, loaded.vocabulary, most):
        yield _read(loaded, {tokens: readings[tokens] for tokens in batch})


def reading(pair: Pair, window: int) -> tuple[int, ...]:
    """What the model reads: everything but the last token, as much as it holds."""
    return tuple([*pair.context, *pair.continuation][-(window + 1) : -1])


def batches(
    readings: Mapping[tuple[int, ...], Sequence[Pair]], vocabulary: int, most: int
) -> Iterator[list[tuple[int, ...]]]:
    """Rows of like length, as many as fit into `most` tokens and into the bound on logits."""
    batch: list[tuple[int, ...]] = []
    kept = 0
    for tokens in sorted(readings, key=lambda each: (-len(each), each)):
        longest = len(batch[0]) if batch else len(tokens)
        scored = max(len(pair.continuation) for pair in readings[tokens])
        keep = max(kept, longest - len(tokens) + scored)
        rows = len(batch) + 1
        full = rows * longest > most or rows * keep * vocabulary > MOST_LOGITS
        if batch and (full or rows > MOST_ROWS):
            yield batch
            batch, keep = [], scored
        batch.append(tokens)
        kept = keep
    if batch:
        yield batch


def _read(loaded: "LoadedModel", batch: Mapping[tuple[int, ...], Sequence[Pair]]) -> list[Likely]:
    """Rows are filled on the right, which a causal model never looks at."""
    longest = max(map(len, batch))
    rows = [[*tokens, *[0] * (longest - len(tokens))] for tokens in batch]
    first = min(
        len(tokens) - len(pair.continuation) for tokens, pairs in batch.items() for pair in pairs
    )
    keep = longest - max(0, first)
    output = loaded.model(
        input_ids=torch.tensor(rows, device=loaded.device), use_cache=False, logits_to_keep=keep
    )
    logits = output.logits[:, -keep:]
    logprobs = logits.to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(-1)
    return [
        _scored(pair, logprobs[row, : keep - (longest - len(tokens))])
        for row, (tokens, pairs) in enumerate(batch.items())
        for pair in pairs
    ]


def _scored(pair: Pair, logprobs: torch.Tensor) -> Likely:
    """`logprobs` [positions, vocabulary] end where the continuation's last token is foretold."""
    tokens = list(pair.continuation)[-len(logprobs) :]
    rows = logprobs[-len(tokens) :]
    wanted = torch.tensor(tokens, device=rows.device)
    total = rows.gather(1, wanted.unsqueeze(1)).sum()
    return Likely(pair.place, float(total), bool((rows.argmax(-1) == wanted).all()))


def _of_encoder(loaded: "LoadedModel", pair: Pair) -> Likely:
    """The context goes to the encoder, the continuation to the decoder, as in training."""
    model: Any = loaded.model
    start = model.generation_config.decoder_start_token_id
    output = model(
        input_ids=torch.tensor([list(pair.context)[-loaded.window :]], device=loaded.device),
        decoder_input_ids=torch.tensor([[start, *pair.continuation[:-1]]], device=loaded.device),
    )
    return _scored(pair, output.logits[0].float().log_softmax(-1))
