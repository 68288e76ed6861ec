"""Measures in words: their names, their units, and how a value is written.

A method may report measures that are not named here; their own names are then made readable.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from llmkit.adding.space import in_words

NAMES = {
    "approximate_kl": "Approximate KL of a step",
    "best_step": "Best on held-out rows at step",
    "clip_fraction": "Share of ratios clipped",
    "ended": "Share of answers that end",
    "held_out_ended": "Share of held-out answers that end",
    "held_out_kl": "KL on held-out prompts",
    "held_out_length": "Length of held-out answers",
    "human_agreement": "Two people agree",
    "kl": "KL to the reference",
    "kl_coefficient": "KL coefficient",
    "kl_k3": "KL to the reference (k3)",
    "length": "Answer length",
    "length_baseline": "Length-only baseline",
    "memory_bytes": "Memory",
    "memory_peak_bytes": "Most memory",
    "ratio_max": "Largest ratio",
    "ratio_mean": "Mean ratio",
    "reward": "Score after penalties",
    "same_opening": "Share that begin alike",
    "score_length_correlation": "Correlation of score and length",
    "score_mean": "Mean score before normalisation",
    "score_std": "Spread of scores",
    "seconds_learning": "Learning",
    "seconds_per_step": "Seconds per step",
    "seconds_sampling": "Drawing answers",
    "seconds_scoring": "Scoring answers",
    "stopped_early_at": "Stopped early at step",
    "value_clip_fraction": "Share of values clipped",
}
SHARES = {
    "clip_fraction",
    "ended",
    "explained_variance",
    "human_agreement",
    "length_baseline",
    "pair_accuracy",
    "same_opening",
    "token_accuracy",
    "value_clip_fraction",
}
HELD_OUT = "held_out_"


def plain(name: str) -> str:
    """The measure that a held-out one is the twin of."""
    return name.removeprefix(HELD_OUT)


def label(name: str) -> str:
    """'Held-out loss' for held_out_loss."""
    if name in NAMES:
        return NAMES[name]
    if name.startswith(HELD_OUT):
        rest = plain(name)
        return f"Held-out {label(rest)[0].lower()}{label(rest)[1:]}"
    return name.replace("_", " ").capitalize().replace("kl", "KL")


def unit(name: str) -> str:
    """How values are written: share, bytes, seconds or number."""
    if plain(name) in SHARES:
        return "share"
    if name.endswith("_bytes"):
        return "bytes"
    return "seconds" if name.startswith("seconds_") else "number"


def text(name: str, value: Any) -> str:
    """A value as people read it; a dash where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return "–"
    match unit(name):
        case "share":
            return f"{100 * value:.1f} %"
        case "bytes":
            return in_words(int(value))
        case "seconds":
            return f"{number(value)} s"
    return number(value)


def number(value: float) -> str:
    """Four significant digits, thousands apart: 1.234, 1,234, 0.0002."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.3g}"
    return f"{value:.4g}"


def interval(name: str, values: Mapping[str, Any]) -> str:
    """'61.0 % to 70.2 %' where the measure has one."""
    low, high = values.get(f"{name}_low"), values.get(f"{name}_high")
    if low is None or high is None:
        return ""
    return f"{text(name, low)} to {text(name, high)}"


def listed(values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(label, value, interval) of each measure; the ends of an interval have no row."""
    names = [name for name in values if not is_end(name, values)]
    return [(label(name), text(name, values[name]), interval(name, values)) for name in names]


def is_end(name: str, values: Mapping[str, Any]) -> bool:
    """Whether it is the end of another measure's interval."""
    base, _, end = name.rpartition("_")
    return end in ("low", "high") and base in values
