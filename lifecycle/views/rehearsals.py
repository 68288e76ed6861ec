"""Rehearsals: their list, the report of one, and what one does to it."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import ADMIN, is_in_group, signed_in
from lifecycle.errors import LifecycleError
from lifecycle.forms import NewForm
from lifecycle.models import Rehearsal
from lifecycle.services import going_on, making
from lifecycle.showing import progress, reporting

PER_PAGE = 20
SAME, REFUSED = 204, 422


@require_safe
def rehearsals(request: HttpRequest) -> HttpResponse:
    return list_page(request, NewForm(), 200)


def list_page(request: HttpRequest, form: NewForm, status: int) -> HttpResponse:
    going_on.look_after()
    found = visible(request)
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "form": form,
        "is_admin": is_in_group(request.user, ADMIN),
    }
    return render(request, "lifecycle/rehearsals/list.html", context, status=status)


def visible(request: HttpRequest) -> Any:
    return Rehearsal.objects.seen_by(signed_in(request)).with_names()


def seen(request: HttpRequest, pk: UUID) -> Rehearsal:
    found: Rehearsal = get_object_or_404(visible(request), pk=pk)
    return found


@require_POST
def new(request: HttpRequest) -> HttpResponse:
    form = NewForm(request.POST)
    if not form.is_valid():
        return list_page(request, form, REFUSED)
    try:
        made = making.create(owner=signed_in(request), **form.cleaned_data)
    except LifecycleError as error:
        form.add_error(None, str(error))
        return list_page(request, form, REFUSED)
    return redirect(made)


@require_safe
def rehearsal(request: HttpRequest, pk: UUID) -> HttpResponse:
    going_on.look_after()
    return render(request, "lifecycle/rehearsals/page.html", context_of(request, seen(request, pk)))


@require_safe
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The stages; nothing where they would look the same, and the whole page once it is over."""
    found = seen(request, pk)
    context = context_of(request, found)
    if request.headers.get("X-Seen") == context["mark"]:
        return HttpResponse(status=SAME)
    answer = render(request, "lifecycle/rehearsals/stages.html", context)
    if not found.is_live:
        answer["HX-Refresh"] = "true"
    return answer


def context_of(request: HttpRequest, found: Rehearsal) -> dict[str, Any]:
    stages = progress.stages_of(found, signed_in(request))
    return {
        "rehearsal": found,
        "stages": stages,
        "mark": hashlib.sha256(f"{found.state}{stages}".encode()).hexdigest()[:12],
        "report": reporting.shown(found) if found.report else None,
        "is_admin": is_in_group(request.user, ADMIN),
    }


@require_POST
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = seen(request, pk)
    return done(request, lambda: making.cancel(rehearsal=found), found)


@require_POST
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = seen(request, pk)
    return done(request, lambda: making.resume(rehearsal=found), found)


def done(request: HttpRequest, act: Callable[[], object], found: Rehearsal) -> HttpResponse:
    try:
        act()
    except LifecycleError as error:
        messages.error(request, str(error))
    return redirect(found)
