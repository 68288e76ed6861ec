"""Words about runs for templates."""

from django import template

from training.methods import Slot
from training.models import Dataset, ModelVersion
from training.services.runs.slots import words

register = template.Library()


@register.filter
def kinds_in_words(slot: Slot) -> str:
    """What a slot takes, such as "preference pairs"."""
    labels = Dataset.Kind if slot.what == "dataset" else ModelVersion.Kind
    return words(labels(kind).label for kind in slot.kinds)
