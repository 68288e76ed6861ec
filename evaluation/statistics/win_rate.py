"""HELM's mean win rate (Liang et al. 2022, section 5): in how many columns a model beats others."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence


def win_rates(column: Mapping[str, float], *, higher_is_better: bool = True) -> dict[str, float]:
    """Of each model, the share of the others that it beats; a tie is half a win.
    Empty for fewer than two."""
    if len(column) < 2:
        return {}
    sign = 1 if higher_is_better else -1
    values = sorted(sign * value for value in column.values())
    found = {}
    for model, value in column.items():
        worse, upto = bisect_left(values, sign * value), bisect_right(values, sign * value)
        ties = upto - worse
        found[model] = (worse + (ties - 1) / 2) / (len(values) - 1)
    return found


def mean_win_rates(
    columns: Sequence[tuple[Mapping[str, float], bool]],
) -> dict[str, float]:
    """Over columns of (values by model, higher is better); those with one value say nothing."""
    found: dict[str, list[float]] = {}
    for column, higher in columns:
        for model, rate in win_rates(column, higher_is_better=higher).items():
            found.setdefault(model, []).append(rate)
    return {model: sum(rates) / len(rates) for model, rates in found.items()}
