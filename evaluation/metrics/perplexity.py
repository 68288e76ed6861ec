"""How unlikely a model finds texts: perplexity by token, word and byte, and bits per byte, as
lm-evaluation-harness's rolling log-likelihoods give them.

Sample: log p −2 ln 2 of "ab" in two tokens -> perplexity 2, one bit per byte
"""

import re
from collections.abc import Mapping, Sequence
from math import log

import numpy as np

from evaluation.metrics.metric import Example, Finding, Item, Measure, Metric, Need, file
from evaluation.statistics.evidence import Sums, ratio

UNITS = {"token_perplexity": "tokens", "word_perplexity": "words", "byte_perplexity": "bytes"}


def words(text: str) -> int:
    """As the harness counts them: pieces between runs of spaces, at least one."""
    return len(re.split(r"\s+", text))


def sizes(item: Item) -> dict[str, float]:
    return {
        "tokens": float(item.tokens or 0),
        "words": float(words(item.text)),
        "bytes": float(len(item.text.encode())),
    }


def per_unit(items: Sequence[Item], unit: str) -> np.ndarray:
    """[items, 2]: minus the log-likelihood, and how many units."""
    return np.array([[-(item.log_likelihood or 0.0), sizes(item)[unit]] for item in items])


def compute(items: Sequence[Item]) -> Mapping[str, Finding]:
    found = {
        name: Finding(
            Sums(per_unit(items, unit), lambda sums: np.exp(ratio(sums))),
            f"{name}|weighted:{unit}|log:natural",
            [float(value) for value in np.exp(ratio(per_unit(items, unit)))],
            is_mean=False,
        )
        for name, unit in UNITS.items()
        if unit != "tokens" or all(item.tokens for item in items)
    }
    parts = per_unit(items, "bytes")
    found["bits_per_byte"] = Finding(
        Sums(parts, lambda sums: ratio(sums) / log(2)),
        "bits_per_byte|weighted:bytes",
        [float(value) / log(2) for value in ratio(parts)],
        is_mean=False,
    )
    return found


METRIC = file(
    Metric(
        name="perplexity",
        label="Perplexity",
        summary="How many equally likely words a model hesitates between at each step of a text. "
        "Bits per byte can be compared between models with different tokens.",
        formula="perplexity = exp(−Σ log p / Σ units);  "
        "bits per byte = −Σ log p / (ln 2 · Σ bytes)",
        measures=(
            Measure(
                "bits_per_byte", "Bits per byte", higher_is_better=False, high=None, is_mean=False
            ),
            Measure("word_perplexity", "Word perplexity", False, low=1.0, high=None, is_mean=False),
            Measure(
                "token_perplexity", "Token perplexity", False, 1.0, None, main=False, is_mean=False
            ),
            Measure(
                "byte_perplexity", "Byte perplexity", False, 1.0, None, main=False, is_mean=False
            ),
        ),
        needs=frozenset({Need.LIKELIHOODS}),
        compute=compute,
        example=Example(
            (Item(text="ab", log_likelihood=-2 * log(2), tokens=2),),
            {
                "token_perplexity": 2.0,
                "word_perplexity": 4.0,
                "byte_perplexity": 2.0,
                "bits_per_byte": 1.0,
            },
            "Two tokens, each one of two equally likely ones: 2. The one word of both: 4. Two "
            "bytes, two bits: 1.",
        ),
        source="lm-evaluation-harness 0.4.13, weighted_perplexity and bits_per_byte",
    )
)
