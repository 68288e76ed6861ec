"""What was changed, by whom and when, for admins: to look through, and as a table to keep."""

import json
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import ADMIN, in_group
from accounts.forms import SYSTEM, AuditForm
from accounts.models import Change, ChangeQuerySet
from llmkit.spreadsheets import written

PER_PAGE = 50
MOST_EXPORTED = 100_000
COLUMNS = ("at", "who", "verb", "kind", "name", "id", "details")


def narrowed(form: AuditForm) -> ChangeQuerySet:
    """What a form asks for; what it does not understand narrows nothing."""
    form.is_valid()
    wanted: dict[str, Any] = getattr(form, "cleaned_data", {})
    found = Change.objects.all()
    if who := wanted.get("who"):
        found = found.by_system() if who == SYSTEM else found.by_person(who)
    if kind := wanted.get("kind"):
        found = found.of_kind(kind)
    return found.between(wanted.get("first"), wanted.get("last"))


@require_safe
@in_group(ADMIN)
def page(request: HttpRequest) -> HttpResponse:
    form = AuditForm(request.GET)
    found = narrowed(form)
    context = {
        "form": form,
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
    }
    return render(request, "accounts/audit/page.html", context)


@require_safe
@in_group(ADMIN)
def export(request: HttpRequest) -> HttpResponse:
    """The newest MOST_EXPORTED of what the page shows."""
    rows = [row_of(each) for each in narrowed(AuditForm(request.GET))[:MOST_EXPORTED].iterator()]
    name = f"audit-{timezone.localdate():%Y-%m-%d}.csv"
    response = HttpResponse(written(rows, COLUMNS), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def row_of(change: Change) -> dict[str, str]:
    details = json.dumps(change.details, ensure_ascii=False) if change.details else ""
    found = (change.at.isoformat(), change.who_name, change.verb, change.kind, change.name)
    return dict(zip(COLUMNS, (*found, change.thing, details), strict=True))
