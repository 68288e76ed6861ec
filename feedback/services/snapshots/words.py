"""What is off about a snapshot, in sentences; each says what will come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from feedback.services.snapshots.rows import CONTRADICTION

FEW = 100
LONGER, SHORTER = 0.6, 0.4
ONE_VOICE = 0.4
CONTRADICTED = 0.1
NEAR = 0.2
ONE_LABEL = 0.8
DROPPED = 0.2
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Remark:
    """`tone`: `danger` for what must not be frozen, `warn` for what a model will learn."""

    tone: str
    text: str


def remarks(report: Report) -> list[Remark]:
    """The worst first."""
    found = [remark for rule in RULES if (remark := rule(report)) is not None]
    return sorted(found, key=lambda remark: remark.tone != "danger")


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def leaking(report: Report) -> Remark | None:
    if not (n := report["leaks"]):
        return None
    return Remark("danger", f"{n} first turns stand in more than one split. Do not train on this.")


def length(report: Report) -> Remark | None:
    share = report["longer_wins"]["share"]
    if share is None or SHORTER < share < LONGER or not clearly_off(report["longer_wins"]):
        return None
    which, what = ("longer", "length") if share > 0.5 else ("shorter", "shortness")
    often = percent(max(share, 1 - share))
    return Remark(
        "warn", f"The {which} answer wins {often} of the pairs: a reward model will learn {what}."
    )


def clearly_off(longer: Mapping[str, Any]) -> bool:
    low, high = longer["interval"]
    return bool(low > 0.5 or high < 0.5)


def one_voice(report: Report) -> Remark | None:
    voices, pairs = report["labelers"], report["counts"]["pairs"]
    if not voices or not pairs:
        return None
    loudest = voices[0]
    if len(voices) == 1:
        text = f"All pairs come from one labeler, {loudest['name']}: a model will learn that taste."
    elif (share := loudest["pairs"] / pairs) >= ONE_VOICE:
        text = f"{loudest['name']} has a voice in {percent(share)} of the pairs."
    else:
        return None
    return Remark("warn", text)


def contradicted(report: Report) -> Remark | None:
    lost = report["dropped"].get(CONTRADICTION, 0)
    share = lost / (lost + report["counts"]["pairs"]) if lost else 0
    if share < CONTRADICTED:
        return None
    return Remark(
        "warn",
        f"People contradict each other in {percent(share)} of what they preferred. "
        "Look at the disagreements and at the guidelines.",
    )


def too_few(report: Report) -> Remark | None:
    if (n := report["counts"]["pairs"]) >= FEW:
        return None
    said = "There are no pairs" if not n else f"There {'is' if n == 1 else 'are'} only {n} pair"
    plural = "s" if n > 1 else ""
    return Remark("warn", f"{said}{plural}. A reward model needs hundreds at least.")


def empty_split(report: Report) -> Remark | None:
    splits = report["counts"]["splits"]
    empty = [name for name, counts in splits.items() if not counts["pairs"]]
    if not empty or len(empty) == len(splits):
        return None
    return Remark("warn", f"There is no pair in {' and '.join(empty)}.")


def tied(report: Report) -> Remark | None:
    ties, pairs = report["counts"]["ties"], report["counts"]["pairs"]
    if not ties or ties <= pairs:
        return None
    return Remark("warn", "There are more ties than pairs: the answers may be too much alike.")


def alike(report: Report) -> Remark | None:
    groups, near = report.get("prompts", 0), report["near_duplicates"]
    if not groups or near / groups < NEAR:
        return None
    return Remark(
        "warn", f"{percent(near / groups)} of the prompts are nearly the same as another."
    )


def lopsided(report: Report) -> Remark | None:
    good, bad = report["labels"]["desirable"], report["labels"]["undesirable"]
    if not good + bad or max(good, bad) / (good + bad) < ONE_LABEL:
        return None
    which = "good" if good > bad else "bad"
    share = percent(max(good, bad) / (good + bad))
    return Remark("warn", f"{share} of the labelled answers are {which}.")


def by_model(report: Report) -> Remark | None:
    if not (n := report.get("by_model", 0)):
        return None
    share = percent(n / report["counts"]["pairs"])
    return Remark("warn", f"{share} of the pairs were ranked by a model, not by people.")


def by_rule(report: Report) -> Remark | None:
    if not (n := report.get("by_rule", 0)):
        return None
    share = percent(n / report["counts"]["pairs"])
    return Remark("warn", f"{share} of the pairs were ranked by a declared rule, not by people.")


RULES: tuple[Callable[[Report], Remark | None], ...] = (
    leaking,
    length,
    one_voice,
    contradicted,
    too_few,
    empty_split,
    tied,
    alike,
    lopsided,
    by_model,
    by_rule,
)
