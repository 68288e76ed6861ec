"""Two models side by side, made ready for the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.paginator import Page, Paginator

from evaluation.metrics import label_of
from evaluation.models import EvaluationRun
from evaluation.services.comparing import Comparison, Pair, Side, name_of_matter
from evaluation.templatetags.board_numbers import chance, score

if TYPE_CHECKING:
    from accounts.models import User

PER_PAGE = 20
LEVEL = 0.05


@dataclass(frozen=True)
class Choices:
    """What can be compared: the models measured on each benchmark."""

    benchmarks: Mapping[str, Sequence[str]]

    def models(self, benchmark: str) -> Sequence[str]:
        """Of that benchmark; of all where it is none."""
        every = sorted({name for names in self.benchmarks.values() for name in names})
        return self.benchmarks.get(benchmark, every)


def choices(user: "User") -> Choices:
    """Benchmarks on which at least two were measured."""
    runs = EvaluationRun.objects.seen_by(user).done().select_related("model", "system")
    found: dict[str, set[str]] = {}
    for run in runs:
        found.setdefault(name_of_matter(run.matter), set()).add(run.subject_name)
    several = {name: sorted(names) for name, names in sorted(found.items()) if len(names) > 1}
    return Choices(several)


@dataclass(frozen=True)
class Verdict:
    """One comparison in words, with its numbers."""

    comparison: Comparison
    label: str
    words: str
    current: bool

    @property
    def is_real(self) -> bool:
        return is_real(self.comparison)


def is_real(found: Comparison) -> bool:
    return found.p_holm is not None and found.p_holm < LEVEL


def verdicts(pair: Pair, found: Sequence[Comparison], task: str) -> list[Verdict]:
    names = [run.subject_name for run in pair.runs]
    return [
        Verdict(one, label_of(one.measure), in_words(one, names), one.task == task) for one in found
    ]


def in_words(one: Comparison, names: Sequence[str]) -> str:
    gap = one.difference.value if one.higher_is_better else -one.difference.value
    if one.difference.p is None:
        return "There is too little to test."
    p = f"p {chance(one.p_holm)}" if (one.p_holm or 1) < 0.001 else f"p = {chance(one.p_holm)}"
    if not is_real(one):
        return f"They can't be told apart ({p})."
    better = names[0] if gap > 0 else names[1]
    return f"{better} is better by {score(abs(gap))} ({p})."


def sides(found: Comparison, only: str, page: str | None) -> "Page[Side]":
    return Paginator(found.sorted_sides(only), PER_PAGE).get_page(page)
