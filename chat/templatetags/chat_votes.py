"""What the buttons of votes carry and say."""

import json
from uuid import uuid4

from django import template

from chat.models import Comparison, Message
from chat.voting import BAD, BEST, OTHER, SAME, Untold, Verdict

register = template.Library()
Choice = tuple[str, str, bool]


@register.simple_tag
def fresh_key() -> str:
    """Names one press of a button, so that a request sent twice is one vote."""
    return uuid4().hex


@register.simple_tag
def untold_values(untold: Untold) -> str:
    """The same request again, with the person's word that they know what it shares."""
    return json.dumps({**untold.values, "key": uuid4().hex, "agreed": "yes"})


@register.filter
def choices(message: Message, verdict: Verdict) -> list[Choice]:
    """For two siblings, seen from one of them: value, words, whether it is the person's vote."""
    won = verdict.winner == message.pk
    return [
        (BEST, "This one", verdict.kind == BEST and won),
        (OTHER, "The other", verdict.kind == BEST and not won),
        (SAME, "About the same", verdict.kind == SAME),
        (BAD, "Both bad", verdict.kind == BAD),
    ]


@register.filter
def column_choices(comparison: Comparison, verdict: Verdict) -> list[Choice]:
    """One for each column's answer, by the column's number."""
    leaves = list(comparison.columns.shown().values_list("conversation__leaf", flat=True))
    named = [
        (str(a.pk), f"Column {leaves.index(a.pk) + 1}", verdict.winner == a.pk)
        for a in verdict.contest.answers
    ]
    bad = "Both bad" if len(named) == 2 else "All bad"
    return [
        *named,
        (SAME, "About the same", verdict.kind == SAME),
        (BAD, bad, verdict.kind == BAD),
    ]
