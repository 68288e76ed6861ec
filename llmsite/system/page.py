"""The page of it, for admins."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import ADMIN, in_group
from llmsite.system.looking import look


@require_safe
@in_group(ADMIN)
def page(request: HttpRequest) -> HttpResponse:
    """Asked again by itself every ten seconds, as a part of the page."""
    name = "system/now.html" if request.htmx else "system/page.html"  # type: ignore[attr-defined]
    return render(request, name, {"system": look()})
