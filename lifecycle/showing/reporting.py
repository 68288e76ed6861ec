"""The stored report as its page shows it: rows, two figures, samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from feedback.figures import Dot, Trend
from feedback.figures.scale import Scale, Tick
from lifecycle.models import Rehearsal
from lifecycle.stages import STAGES

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One measure before and after; links lead to the runs and to the items side by side."""

    label: str
    before: Told
    after: Told
    difference: Told
    p: float | None = None
    p_holm: float | None = None
    higher_is_better: bool | None = None
    before_url: str = ""
    after_url: str = ""
    items_url: str = ""

    @property
    def tone(self) -> str:
        """Only where the change can be told from chance."""
        if self.p_holm is None or self.p_holm >= 0.05 or self.higher_is_better is None:
            return ""
        return "good" if (self.difference["value"] > 0) == self.higher_is_better else "danger"


def shown(rehearsal: Rehearsal) -> dict[str, Any]:
    report: Told = rehearsal.report
    return {
        **report,
        "own_rows": [own_row(row) for row in report["rows"]],
        "measured": [measured(one, report["models"]) for one in report["changes"]],
        "curve": curve(report),
        "over_steps": over_steps(report),
        "costs": [
            {**cost, "title": STAGES[cost["stage"]].title}
            for cost in report["cost"]
            if cost["stage"] in STAGES
        ],
        "total": {
            "seconds": sum(cost["seconds"] for cost in report["cost"]),
            "tokens": sum(cost["tokens"] for cost in report["cost"]),
        },
    }


def own_row(row: Told) -> Row:
    gap = row["difference"]
    return Row(row["label"], row["before"], row["after"], gap, p=gap["p"])


def measured(one: Told, names: Mapping[str, str]) -> Row:
    runs = {
        side: reverse("evaluation:samples", args=[pk, one["task"]])
        for side, pk in one["runs"].items()
    }
    asked = {"benchmark": one["benchmark"], "a": names["after"], "b": names["before"]}
    items = f"{reverse('board:compare')}?{urlencode({**asked, 'task': one['task']})}"
    return Row(
        one["label"],
        one["before"],
        one["after"],
        one["difference"],
        p=one["p"],
        p_holm=one["p_holm"],
        higher_is_better=one["higher_is_better"],
        before_url=runs["before"],
        after_url=runs["after"],
        items_url=items,
    )


@dataclass(frozen=True)
class Look:
    """One look at the held-out prompts, with its places in per cent of the picture."""

    told: Told
    x: float
    y: float
    top: float | None
    bottom: float | None


@dataclass(frozen=True)
class Curve:
    """The reward over the square root of KL, as Gao et al. 2022 draw it."""

    looks: Sequence[Look]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]

    @property
    def steps(self) -> list[tuple[Look, Look]]:
        return list(pairwise(self.looks))


def curve(report: Told) -> Curve | None:
    looks = [look for look in report["looks"] if look["kl"] is not None]
    if len(looks) < 2:
        return None
    roots = [root(look) for look in looks]
    ends = [look[name] for look in looks for name in ("score", "low", "high")]
    known = [end for end in ends if end is not None]
    across = Scale.around(roots, low=0.0, high=max(roots))
    up = Scale.around(known, low=min(known), high=max(known))
    y_ticks = [Tick(tick.value, round(100 - tick.at, 2)) for tick in up.ticks]
    return Curve([placed(look, across, up) for look in looks], across.ticks, y_ticks)


def root(look: Told) -> float:
    return sqrt(max(float(look["kl"]), 0.0))


def placed(look: Told, across: Scale, up: Scale) -> Look:
    high, low = (None if look[n] is None else 100 - up.at(look[n]) for n in ("high", "low"))
    return Look(look, across.at(root(look)), 100 - up.at(look["score"]), high, low)


def over_steps(report: Told) -> Trend | None:
    """The reward of what was drawn to learn from."""
    dots = [Dot(f"Step {step['step']}", step["score"]) for step in report["steps"]]
    if not dots:
        return None
    values = [dot.value for dot in dots if dot.value is not None]
    return Trend(
        "Reward of the answers it learned from, by step",
        dots,
        low=min([0.0, *values]),
        high=max([1.0, *values]),
        named="Step",
        measured="Reward",
    )
