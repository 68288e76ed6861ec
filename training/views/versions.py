"""A version's name and notes, putting it away, and what new conversations begin with."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from training.forms_versions import AboutForm, NameForm
from training.models import ModelVersion
from training.services import keeping, naming, promoting
from training.services.errors import ModelsError
from training.views.common import done, known, may_add, require


def _asked_for(request: HttpRequest, pk: int) -> ModelVersion:
    require(may_add(request.user))
    return known(pk)


@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    old, form = version.name, NameForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect(version)
    name = form.cleaned_data["own_name"]
    try:
        naming.rename(version=version, name=name)
    except ModelsError as error:
        messages.error(request, str(error))
        return redirect(version)
    messages.success(request, f"{old} is now {version.name}. The former name still leads to it.")
    return redirect(version)


@require_POST
def about(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    form = AboutForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect(version)
    said = form.cleaned_data
    return done(
        request,
        lambda: keeping.change(version=version, **said),
        "Saved.",
        to=version.get_absolute_url(),
    )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    undo = reverse("models:unarchive", args=[pk])
    said = f"{version.name} was archived. Conversations that use it go on."
    to = version.get_absolute_url()
    return done(request, lambda: keeping.archive(version=version), said, undo=undo, to=to)


@require_POST
def unarchive(request: HttpRequest, pk: int) -> HttpResponse:
    version = _asked_for(request, pk)
    said = f"{version.name} is offered again."
    to = version.get_absolute_url()
    return done(request, lambda: keeping.unarchive(version=version), said, to=to)


@require_safe
def promotions(request: HttpRequest) -> HttpResponse:
    """What new conversations have begun with: who changed it, when, and from what."""
    context = {
        "history": promoting.history(),
        "current": promoting.current(),
        "preselected": promoting.preselected(),
        "may_add": may_add(request.user),
    }
    return render(request, "training/promotions.html", context)


@require_POST
def promote(request: HttpRequest, pk: int) -> HttpResponse:
    version, by = _asked_for(request, pk), signed_in(request)
    said = f"New conversations begin with {version.name}. Those that have begun keep their model."
    undo = reverse("models:roll-back")
    to = version.get_absolute_url()
    return done(request, lambda: promoting.promote(version=version, by=by), said, undo=undo, to=to)


@require_POST
def roll_back(request: HttpRequest) -> HttpResponse:
    require(may_add(request.user))
    by = signed_in(request)
    try:
        made = promoting.roll_back(by=by)
        messages.success(request, f"New conversations begin with {made.name} again.")
    except ModelsError as error:
        messages.error(request, str(error))
    return redirect("models:promotions")
