"""What the views of this room share: who may do what, and how a refusal is told."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.access import ADMIN, TRAINER, is_in_group
from training.models import ModelVersion
from training.services.errors import ModelsError


def may_add(user: object) -> bool:
    return is_in_group(user, TRAINER) or is_in_group(user, ADMIN)


def is_admin(user: object) -> bool:
    return is_in_group(user, ADMIN)


def require(allowed: bool) -> None:
    """To someone who may not, the address does not exist."""
    if not allowed:
        raise Http404


def known(pk: int) -> ModelVersion:
    return get_object_or_404(ModelVersion.objects.known(), pk=pk)


def done(
    request: HttpRequest, act: Callable[[], object], said: str, *, undo: str = "", to: str = ""
) -> HttpResponse:
    """Do it and say so, or say why not; then back to the page."""
    try:
        act()
        if said:
            messages.success(request, said, extra_tags=f"undo={undo}" if undo else "")
    except ModelsError as error:
        messages.error(request, str(error))
    return redirect(to or "models:list")
