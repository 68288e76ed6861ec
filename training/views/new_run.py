"""Starting a run: first the method, then its form, which can be looked at, kept and multiplied."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in
from llmkit.registry import RegistryError
from training import methods as known_methods
from training.forms_runs import RunForm
from training.methods import Method
from training.models import Recipe
from training.services import recipes, registry
from training.services.errors import RunsError
from training.services.runs import making, preflight, sweeping
from training.views.new_run_choosing import cards
from training.views.new_run_start import Start, start_of
from training.views.runs_common import is_admin, seen, visible

REFUSED = 422


@require_safe
def methods(request: HttpRequest) -> HttpResponse:
    """What there is to choose from, with what each method needs."""
    registry.sync()
    user = signed_in(request)
    context = {"cards": cards(user), "recipes": recipes.seen_by(user)}
    return render(request, "training/new_run/methods.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, name: str) -> HttpResponse:
    method = method_named(name)
    start = start_of(request, method)
    form = form_of(request, method, start)
    if request.method == "POST" and (made := started(request, form)):
        return redirect(made)
    context = {"form": form, "method": method, "told": form.is_bound, "start": start}
    context["recipes"] = recipes.seen_by(signed_in(request), method.name)
    status = REFUSED if form.is_bound else 200
    return render(request, "training/new_run/form.html", context, status=status)


def form_of(request: HttpRequest, method: Method, start: Start | None = None) -> RunForm:
    data = request.POST if request.method == "POST" else None
    return RunForm(method, signed_in(request), data, start.values if start else None)


def started(request: HttpRequest, form: RunForm) -> str:
    """The address of what was made; nothing where something is wrong."""
    asked, owner = form.asked(), signed_in(request)
    if asked is None:
        return ""
    fields = form.swept
    if not fields:
        source = visible(request).filter(pk=form.cloned_from).first() if form.cloned_from else None
        return making.create(asked=asked, owner=owner, cloned_from=source).get_absolute_url()
    try:
        sweep = sweeping.create(
            method=form.method.name, values=form.values(), fields=fields, owner=owner
        )
    except RunsError as error:
        form.add_error(None, str(error))
        return ""
    return sweep.get_absolute_url()


@require_POST
def slots(request: HttpRequest, name: str) -> HttpResponse:
    """What goes in, after something of it was changed."""
    form = form_of(request, method_named(name))
    form.rows.changed(request.POST.get("action", ""))
    context = {"form": form, "method": form.method, "oob": True}
    return render(request, "training/new_run/slots_changed.html", context)


@require_POST
def check(request: HttpRequest, name: str) -> HttpResponse:
    """What the run would take, as the form stands."""
    form = form_of(request, method_named(name))
    context: dict[str, Any] = {"form": form}
    if asked := form.asked():
        try:
            context |= {"plan": preflight.of(asked), "runs": sweeping.runs_in(form.swept)}
        except RunsError as error:
            context["error"] = str(error)
    return render(request, "training/new_run/check.html", context)


@require_POST
def keep(request: HttpRequest, name: str) -> HttpResponse:
    """The settings of the form as a recipe; the form stays as it is."""
    asked = form_of(request, method_named(name)).asked()
    try:
        if asked is None:
            raise RunsError("Correct the settings first: start the run to see what is wrong.")
        recipe = recipes.save(
            name=request.POST.get("recipe_name", ""),
            asked=asked,
            shared=bool(request.POST.get("recipe_shared")),
            by=signed_in(request),
        )
    except RunsError as error:
        return render(request, "training/new_run/kept.html", {"error": str(error)})
    return render(request, "training/new_run/kept.html", {"recipe": recipe})


@require_POST
def drop_recipe(request: HttpRequest, pk: int) -> HttpResponse:
    mine = Recipe.objects.of(signed_in(request), everyone=is_admin(request))
    recipe = get_object_or_404(mine, pk=pk)
    recipes.delete(recipe=recipe)
    messages.success(request, f"The recipe {recipe.name} was deleted.")
    return redirect("training:new")


@require_safe
def clone(request: HttpRequest, pk: Any) -> HttpResponse:
    """The form of a new run, filled as this one's was."""
    job = seen(request, pk)
    return redirect(f"{reverse('training:new-run', args=[job.method])}?from={job.pk}")


def method_named(name: str) -> Method:
    try:
        return known_methods.get(name)
    except RegistryError as error:
        raise Http404 from error
