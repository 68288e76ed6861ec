"""What templates say about runs."""

from typing import Any

from django import template

from training.models import TrainingJob
from training.run.pace import TRAINING
from training.services.runs import progress
from training.showing import measures, words

register = template.Library()
register.filter("run_state", words.state)
register.filter("run_tone", words.tone)
register.filter("run_method", words.method)
register.filter("run_result", words.result)
register.filter("duration", words.duration)
register.filter("measure_label", measures.label)


@register.filter
def left(job: TrainingJob) -> str:
    """'about 12 min left', or nothing."""
    seconds = progress.of(job).seconds_left
    return f"about {words.duration(seconds)} left" if seconds is not None else ""


@register.filter
def doing(job: TrainingJob) -> str:
    """What it does now, where that is not training itself."""
    phase = progress.of(job).phase
    return "" if phase == TRAINING else phase


@register.filter
def taken(job: TrainingJob) -> str:
    return words.duration(words.seconds_taken(job))


@register.filter
def thousands(number: Any) -> str:
    """5800 as '5,800'."""
    return f"{number:,}"
