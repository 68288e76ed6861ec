"""What the views of this room share: whose projects they are, and how a refusal is told."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.access import signed_in
from feedback.models import Project
from feedback.services.errors import FeedbackError


def managed(request: HttpRequest, slug: str) -> Project:
    """The project, for those who may see and change all of it; 404 to everybody else."""
    return get_object_or_404(Project.objects.managed_by(signed_in(request)), slug=slug)


def ranked(request: HttpRequest, slug: str) -> Project:
    """The project, for those who may rank in it; 404 to everybody else."""
    return get_object_or_404(Project.objects.labeled_by(signed_in(request)), slug=slug)


def require(allowed: bool) -> None:
    """To someone who may not, the address does not exist."""
    if not allowed:
        raise Http404


def done(
    request: HttpRequest, act: Callable[[], object], said: str, *, to: str, undo: str = ""
) -> HttpResponse:
    """Do it and say so, or say why not; then go to the address `to`."""
    try:
        act()
        if said:
            messages.success(request, said, extra_tags=f"undo={undo}" if undo else "")
    except FeedbackError as error:
        messages.error(request, str(error))
    return redirect(to)
