"""Which curves belong into one chart, and which charts come first.

A held-out measure lies beside the one it is the twin of; the ends of an interval become its band.
What a method's `curves` name comes first, all the rest is folded away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training import methods
from training.showing import measures

BESIDE = {
    "human_agreement": "pair_accuracy",
    "length_baseline": "pair_accuracy",
    "seconds_learning": "seconds_per_step",
    "seconds_sampling": "seconds_per_step",
    "seconds_scoring": "seconds_per_step",
    "memory_peak_bytes": "memory_bytes",
    "ratio_max": "ratio_mean",
}
TITLES = {"ratio_mean": "Ratios", "seconds_per_step": "Seconds per step"}
NO_CURVES = {"epoch", "held_out_pairs", "held_out_prompts", "minibatches"}


@dataclass(frozen=True)
class Line:
    """One curve. `band`: the measures that are the ends of its interval."""

    name: str
    label: str
    held_out: bool
    band: tuple[str, str] | None = None


@dataclass(frozen=True)
class Chart:
    key: str
    title: str
    unit: str
    lines: tuple[Line, ...]


def charts(method: str, names: Iterable[str]) -> tuple[list[Chart], list[Chart]]:
    """The charts that come first, and the rest in alphabetical order of their titles."""
    known = list(names)
    grouped: dict[str, list[Line]] = {}
    for name in known:
        if name not in NO_CURVES and not is_end(name, known):
            grouped.setdefault(chart_of(name), []).append(line(name, known))
    first = [key for key in first_of(method) if key in grouped]
    rest = sorted((chart(key, grouped[key]) for key in grouped if key not in first), key=by_title)
    return [chart(key, grouped[key]) for key in first], rest


def first_of(method: str) -> Sequence[str]:
    return methods.get(method).curves if method in methods.names() else ("loss",)


def chart_of(name: str) -> str:
    plain = measures.plain(name)
    return BESIDE.get(plain, plain)


def is_end(name: str, known: Sequence[str]) -> bool:
    base, _, end = name.rpartition("_")
    return end in ("low", "high") and base in known


def line(name: str, known: Sequence[str]) -> Line:
    ends = (f"{name}_low", f"{name}_high")
    band = ends if all(end in known for end in ends) else None
    return Line(name, measures.label(name), name.startswith(measures.HELD_OUT), band)


def chart(key: str, lines: list[Line]) -> Chart:
    """Its own measure comes first, then the held-out twin, then what lies beside."""
    order = sorted(lines, key=lambda each: (each.name != key, not each.held_out, each.name))
    title = TITLES.get(key, measures.label(key))
    return Chart(key, title, measures.unit(key), tuple(order))


def by_title(found: Chart) -> str:
    return found.title.lower()


def as_json(found: Iterable[Chart]) -> list[dict[str, Any]]:
    return [asdict(each) for each in found]
