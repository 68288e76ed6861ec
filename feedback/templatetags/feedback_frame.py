"""The tabs of a project's pages."""

from dataclasses import dataclass

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse

from feedback.models import Project

register = template.Library()

# Name and URL name; pages below an address belong to its tab.
TABS = (
    ("Overview", "feedback:project"),
    ("Tasks", "feedback:tasks"),
    ("Agreement", "feedback:agreement"),
    ("Labelers", "feedback:labelers"),
    ("Pairs", "feedback:pairs"),
    ("Red team", "feedback:red-team"),
    ("Settings", "feedback:settings"),
)


@dataclass(frozen=True)
class Tab:
    name: str
    url: str
    current: bool


@register.simple_tag(takes_context=True)
def project_tabs(context: Context, project: Project) -> list[Tab]:
    """The tabs whose pages exist; the overview's address begins all others."""
    path = context["request"].path
    found = []
    for name, url_name in TABS:
        try:
            url = reverse(url_name, args=[project.slug])
        except NoReverseMatch:
            continue
        current = path == url or (url_name != TABS[0][1] and path.startswith(url))
        found.append(Tab(name, url, current))
    return found
