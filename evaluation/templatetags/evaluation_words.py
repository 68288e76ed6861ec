"""What templates say about evaluations."""

from django import template

from evaluation.metrics import label_of
from evaluation.models import EvaluationRun
from evaluation.showing import words
from training.showing.words import duration

register = template.Library()
register.filter("evaluation_state", words.state)
register.filter("evaluation_tone", words.tone)
register.filter("evaluation_matter", words.matter)
register.filter("conditions", words.conditions)
register.filter("asked_how", words.asked_how)
register.filter("task_title", words.task_title)
register.filter("score_label", label_of)
register.filter("score_value", words.value)
register.filter("score_between", words.between)
register.filter("memory", words.size)
register.filter("lasted", duration)


@register.filter
def evaluation_left(run: EvaluationRun) -> str:
    """'about 12 min left', or nothing."""
    seconds = words.seconds_left(run)
    return f"about {duration(seconds)} left" if seconds is not None else ""


@register.filter
def share(value: float | None) -> str:
    """0.034 as '3.4 %'."""
    return "" if value is None else f"{100 * value:.1f} %".replace(".0 %", " %")
