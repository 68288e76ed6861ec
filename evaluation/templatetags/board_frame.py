"""The tabs of the place Evaluation."""

from dataclasses import dataclass

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse

from accounts.access import may_enter

register = template.Library()

# What a trainer does here stands below the board's addresses, too.
FOR_TRAINERS = {"board:outputs"}
# Name, URL name, and what the command palette calls it.
TABS = (
    ("Leaderboard", "board:home", "Leaderboard"),
    ("Runs", "evaluation:runs", "Evaluation runs"),
    ("Benchmarks", "evaluation:benchmarks", "Benchmarks"),
    ("Compare two", "board:compare", "Compare two models"),
    ("Forgetting", "board:forgetting", "Forgetting"),
    ("Score a file", "board:outputs", "Score a file of outputs"),
    ("Measures", "board:measures", "Measures"),
)


@dataclass(frozen=True)
class Tab:
    name: str
    url: str
    palette: str
    current: bool


@register.simple_tag(takes_context=True)
def evaluation_tabs(context: Context) -> list[Tab]:
    """Those whose pages exist for the person; the first one's address begins all others."""
    path, user = context["request"].path, context["request"].user
    found = []
    for place, (name, url_name, palette) in enumerate(TABS):
        room = "evaluation" if url_name in FOR_TRAINERS else url_name.partition(":")[0]
        if not may_enter(user, room):
            continue
        try:
            url = reverse(url_name)
        except NoReverseMatch:
            continue
        current = path == url or (place > 0 and path.startswith(url))
        found.append(Tab(name, url, palette, current))
    return found
