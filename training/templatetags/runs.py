"""Words about runs for templates."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from llmkit.configs import as_text
from training.dataset_figures import Bar, bars
from training.methods import Slot
from training.models import Dataset, ModelVersion
from training.services.runs import preflight
from training.services.runs.slots import words
from training.showing.measures import label

register = template.Library()
register.filter("setting_words", as_text)
register.filter("memory_compared", preflight.compared)
register.filter("measure_words", label)


@register.filter
def kinds_in_words(slot: Slot) -> str:
    """What a slot takes, such as "preference pairs"."""
    labels = Dataset.Kind if slot.what == "dataset" else ModelVersion.Kind
    return words(labels(kind).label for kind in slot.kinds)


@register.filter
def precision_words(name: str) -> str:
    return ModelVersion.Precision(name).label


@register.filter
def as_percent(share: float) -> str:
    """0.01815 as '1.82 %'."""
    return f"{100 * share:.3g} %"


@register.filter
def off_by(ratio: float) -> str:
    """0.13 as '13 % more', -0.08 as '8 % less'."""
    return f"{abs(100 * ratio):.0f} % {'more' if ratio > 0 else 'less'}"


@register.filter
def as_bars(histogram: Sequence[Mapping[str, Any]]) -> tuple[Bar, ...]:
    return bars({"histogram": histogram})
