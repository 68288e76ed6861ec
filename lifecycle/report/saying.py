"""The sentences of a report. They claim no more than the intervals do."""

from collections.abc import Mapping, Sequence
from typing import Any

SURE = 0.05
NOBODY = (
    "No person ranked or judged any of this: it was done by a declared rule, which knows nothing "
    "of whether an answer is true or helpful."
)
TOO_FEW = 10


def verdict(won: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """`tone`: good, warn or plain. `better`: yes, no, or unknown, by the rule alone."""
    better = which(won)
    moved = abilities(changes)
    tone = {"yes": "good", "no": "danger", "unknown": "plain"}[better]
    if better == "yes" and moved["worse"]:
        tone = "warn"
    sentence = " ".join([by_rule(won, better), moved["said"], NOBODY])
    return {"better": better, "tone": tone, "sentence": sentence}


def which(won: Mapping[str, Any]) -> str:
    """Better or worse only where the whole interval is on one side of one half, and the coin's test
    agrees."""
    low, high = won["low"], won["high"]
    if low is None or high is None or won["n"] < TOO_FEW or won["p"] >= SURE:
        return "unknown"
    return "yes" if low > 0.5 else "no" if high < 0.5 else "unknown"


def by_rule(won: Mapping[str, Any], better: str) -> str:
    counted = (
        f"of {won['n']} held-out questions its answer was the better one {times(won['won'])}, the "
        f"worse one {times(won['lost'])}, and equal {times(won['tied'])} ({percent(won['share'])}, "
        f"ties counted half; 95 % interval {percent(won['low'])} to {percent(won['high'])})"
    )
    if better == "yes":
        return f"By the rule that it was trained for, the model got better: {counted}."
    if better == "no":
        return f"By the rule that it was trained for, the model got worse: {counted}."
    return f"Whether the model got better by its rule can't be told: {counted}."


def abilities(changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    known = [one for one in changes if one["p_holm"] is not None]
    moved = [one for one in known if one["p_holm"] < SURE and one["difference"]["value"]]
    worse = [one for one in moved if (one["difference"]["value"] > 0) != one["higher_is_better"]]
    gained = [one for one in moved if one not in worse]
    if not known:
        return {"said": "Nothing else was measured that could have changed.", "worse": []}
    parts = [
        f"{word} on {', '.join(one['label'] for one in some)}"
        for word, some in (("measurably better", gained), ("measurably worse", worse))
        if some
    ]
    of = "the one other measure" if len(known) == 1 else f"the {len(known)} other measures"
    if not parts:
        said = (
            f"On {of} no change can be told from chance, which with so few items is no proof that "
            "there is none."
        )
    else:
        said = f"Of {of}, it did {' and '.join(parts)}."
    return {"said": said, "worse": worse}


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
