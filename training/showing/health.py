"""What looks wrong with a run, in sentences that say what to try. Signs, not proofs.

Every function takes measures along the steps, oldest first, and returns sentences; what PPO's
policy does is told by `llmkit.rl.watch`, whose thresholds these use too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmkit.rl import watch
from training.showing.curves import Curves
from training.showing.measures import label, number

Series = Mapping[str, Sequence[float]]
ENOUGH, LOOKS = 20, 4
LOSSES = ("loss", "policy_loss", "value_loss", "held_out_loss", "gradient_norm")


def looks_wrong(curves: Curves, config: Mapping[str, Any]) -> list[str]:
    """All that looks wrong now."""
    series = {name: curve.values for name, curve in curves.by_name.items()}
    found = [sentence for check in CHECKS for sentence in check(series)]
    return [*no_number(curves), *found, *policy(series, config)]


def no_number(curves: Curves) -> list[str]:
    """A loss that is infinite or no number spoils every weight it reaches."""
    broken = {n: curve.broken for n, curve in curves.by_name.items() if n in LOSSES}
    steps = [(step, name) for name, step in broken.items() if step is not None]
    if not steps:
        return []
    step, name = min(steps)
    return [
        f"{label(name)} was not a number at step {step:,}. What was learned after that is not "
        "to be trusted. Stop the run, and start it again with a lower learning rate or a smaller "
        "largest gradient norm; where the model computes in float16, use bfloat16."
    ]


def loss_rises(series: Series) -> list[str]:
    """The mean of the last quarter lies a tenth above that of the first."""
    values = series.get("loss", ())
    if len(values) < ENOUGH:
        return []
    seen = watch.trend(values)
    if seen.first <= 0 or seen.ratio < 1.1:
        return []
    return [
        f"The loss rises: it was {number(seen.first)} at first and is {number(seen.last)} now. "
        "Lower the learning rate, or give it a longer warm-up."
    ]


def learns_by_heart(series: Series) -> list[str]:
    """The held-out loss left its lowest value behind while the loss went on falling."""
    held_out, loss = series.get("held_out_loss", ()), series.get("loss", ())
    if len(held_out) < LOOKS or len(loss) < ENOUGH:
        return []
    best, last = min(held_out), held_out[-1]
    if last < 1.03 * best or watch.trend(loss).ratio > 1 or held_out[-2] <= best:
        return []
    return [
        f"The held-out loss was {number(best)} at its lowest and is {number(last)} now, while the "
        "loss still falls: the model begins to learn its rows by heart. Train for fewer steps, "
        "stop early, or use more rows."
    ]


def no_better_than_length(series: Series) -> list[str]:
    """A reward model that a bet on length would replace."""
    held_out, baseline = series.get("held_out_pair_accuracy", ()), series.get("length_baseline", ())
    if len(held_out) < LOOKS or not baseline or held_out[-1] > baseline[-1]:
        return []
    return [
        f"On held-out pairs it is right in {held_out[-1]:.0%}, no more often than a bet on length "
        f"alone ({baseline[-1]:.0%}). Use more pairs, train longer, or read how they were ranked."
    ]


def scores_length(series: Series) -> list[str]:
    found = series.get("score_length_correlation", ())
    if len(found) < LOOKS or abs(found[-1]) < 0.6:
        return []
    way = "longer" if found[-1] > 0 else "shorter"
    return [
        f"{way.capitalize()} answers score higher (r = {found[-1]:.2f}): a policy trained on this "
        f"would learn to write {way} answers. Balance the lengths in the pairs, or set a price per "
        "token in PPO."
    ]


def policy(series: Series, config: Mapping[str, Any]) -> list[str]:
    """Reward hacking by its name, and what else a policy may fall into."""
    target = config.get("kl_target") if config.get("kl") == "adaptive" else None
    hacks = watch.hacking(series, kl_target=target)
    return [*(f"Possible reward hacking. {sentence}" for sentence in hacks), *watch.failing(series)]


CHECKS: tuple[Callable[[Series], list[str]], ...] = (
    loss_rises,
    learns_by_heart,
    no_better_than_length,
    scores_length,
)


def with_told(found: Sequence[str], told: Sequence[str]) -> list[str]:
    """With what the run itself warned of, unless it is the same trouble in newer numbers."""
    others = [text for text in told if not any(begin(text) in sentence for sentence in found)]
    return [*found, *others]


def begin(text: str) -> str:
    return " ".join(text.split()[:3])
