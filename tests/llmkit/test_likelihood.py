"""Log-likelihoods of a batch are those of one direct pass for each text."""

import pytest
import torch

from llmkit.engine.likelihood import Pair, batches, log_likelihoods, reading
from llmkit.engine.loading import LoadedModel


def directly(loaded: LoadedModel, pair: Pair) -> tuple[float, bool]:
    """One pass, one row, every logit: the definition."""
    whole = [*pair.context, *pair.continuation][-(loaded.window + 1) :]
    with torch.inference_mode():
        logits = loaded.model(input_ids=torch.tensor([whole[:-1]])).logits[0].float()
    logprobs = logits.log_softmax(-1)
    places = range(len(whole) - len(pair.continuation), len(whole))
    told = [float(logprobs[place - 1, whole[place]]) for place in places]
    greedy = all(int(logprobs[place - 1].argmax()) == whole[place] for place in places)
    return sum(told), greedy


def test_batches_equal_direct_passes(tiny: LoadedModel) -> None:
    pairs = [
        Pair(0, [1, 2, 3], [4]),
        Pair(1, [1, 2, 3], [5]),
        Pair(2, [7], [8, 9, 10, 11]),
        Pair(3, list(range(60)), [4, 4]),
        Pair(4, [9] * (tiny.window + 40), [3, 5, 6]),
        Pair(5, [1, 2], [3, 4]),
    ]
    found = {each.place: each for batch in log_likelihoods(tiny, pairs) for each in batch}
    for pair in pairs:
        logprob, greedy = directly(tiny, pair)
        assert found[pair.place].logprob == pytest.approx(logprob, abs=1e-4)
        assert found[pair.place].greedy is greedy


def test_the_likeliest_continuation_is_greedy(tiny: LoadedModel) -> None:
    with torch.inference_mode():
        likeliest = int(tiny.model(input_ids=torch.tensor([[1, 2, 3]])).logits[0, -1].argmax())
    asked = [Pair(0, [1, 2, 3], [likeliest]), Pair(1, [1, 2, 3], [(likeliest + 1) % 200])]
    found = [each for batch in log_likelihoods(tiny, asked) for each in batch]
    assert [each.greedy for each in sorted(found, key=lambda each: each.place)] == [True, False]


def test_rows_of_a_batch_stay_within_the_bounds() -> None:
    readings = {tuple(range(length)): [Pair(0, [1], [2])] for length in range(1, 1500)}
    found = list(batches(readings, vocabulary=50_000, most=4096))
    assert sum(map(len, found)) == len(readings)
    assert all(len(batch) * len(batch[0]) <= 4096 for batch in found if len(batch) > 1)
    assert reading(Pair(0, [1] * 20, [2, 3]), window=8) == (1, 1, 1, 1, 1, 1, 1, 2)
