"""The tabs of a project's pages."""

from dataclasses import dataclass

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse

from feedback.models import Project

register = template.Library()

# Name and URL name; pages below an address belong to its tab, and so do those that make its tasks.
TABS = (
    ("Overview", "feedback:project"),
    ("Tasks", "feedback:tasks"),
    ("Agreement", "feedback:agreement"),
    ("Labelers", "feedback:labelers"),
    ("Pairs", "feedback:pairs"),
    ("Red team", "feedback:red-team"),
    ("Settings", "feedback:settings"),
)
ALSO = {"feedback:tasks": ("feedback:batches", "feedback:imports")}


@dataclass(frozen=True)
class Tab:
    name: str
    url: str
    current: bool


def _is_below(path: str, url_name: str, project: Project) -> bool:
    names = (url_name, *ALSO.get(url_name, ()))
    return any(path.startswith(reverse(name, args=[project.slug])) for name in names)


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
        current = path == url or (url_name != TABS[0][1] and _is_below(path, url_name, project))
        found.append(Tab(name, url, current))
    return found
