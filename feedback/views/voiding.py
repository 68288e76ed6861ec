"""Taking rankings out of pairs and measures, and putting them back."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import signed_in
from feedback.forms.voiding import VoidForm, VoidSpanForm
from feedback.models import Annotation, Labeler, Project
from feedback.services import voiding
from feedback.services.errors import FeedbackError
from feedback.views.common import done, managed
from feedback.views.labelers import labeler_of, labeler_page

REFUSED = 422


@require_http_methods(["GET", "HEAD", "POST"])
def void(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = managed(request, slug)
    annotation = annotation_of(project, pk)
    form = VoidForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        one = voiding.standing(project).filter(pk=pk)
        reason = form.cleaned_data["reason"]
        return done(
            request,
            lambda: voiding.void(annotations=one, by=signed_in(request), reason=reason),
            "The ranking was voided. It gives no pairs any more.",
            to=page_of(project, annotation.labeler),
            undo=reverse("feedback:unvoid", args=[slug, pk]),
        )
    context = {"project": project, "annotation": annotation, "form": form}
    status = REFUSED if request.method == "POST" else 200
    return render(request, "feedback/labelers/void.html", context, status=status)


def annotation_of(project: Project, pk: int) -> Annotation:
    found = Annotation.objects.of(project).exclude(source=Annotation.Source.ADJUDICATION)
    return get_object_or_404(found.select_related("labeler__user", "task"), pk=pk)


def page_of(project: Project, labeler: Labeler) -> str:
    return reverse("feedback:labeler", args=[project.slug, labeler.pk])


@require_POST
def unvoid(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    project = managed(request, slug)
    annotation = annotation_of(project, pk)
    return restored(request, project, annotation.labeler, pks=[pk])


@require_POST
def void_labeler(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """All that a person said and that counts now, or what they said on some days."""
    project = managed(request, slug)
    labeler = labeler_of(project, pk)
    form = VoidSpanForm(request.POST)
    if form.is_valid():
        try:
            count = voided(request, labeler, form)
            said = f"{count:,} rankings were voided." if count > 1 else "One ranking was voided."
            messages.success(request, f"{said} They can be restored below.")
            return redirect(page_of(project, labeler))
        except FeedbackError as error:
            form.add_error(None, str(error))
    context = labeler_page(request, project, labeler, form)
    return render(request, "feedback/labelers/labeler.html", context, status=REFUSED)


def voided(request: HttpRequest, labeler: Labeler, form: VoidSpanForm) -> int:
    since, until = form.span()
    found = voiding.of_labeler(labeler, since=since, until=until)
    return voiding.void(
        annotations=found, by=signed_in(request), reason=form.cleaned_data["reason"]
    )


@require_POST
def unvoid_labeler(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What one act voided; `at` is its time."""
    project = managed(request, slug)
    labeler = labeler_of(project, pk)
    at = moment(request.POST.get("at", ""))
    found = labeler.annotations.filter(voided_at=at) if at else labeler.annotations.none()
    return restored(request, project, labeler, pks=list(found.values_list("pk", flat=True)))


def moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def restored(
    request: HttpRequest, project: Project, labeler: Labeler, pks: list[int]
) -> HttpResponse:
    try:
        found = voiding.restore(annotations=Annotation.objects.filter(pk__in=pks))
        messages.success(request, in_words(found))
    except FeedbackError as error:
        messages.error(request, str(error))
    return redirect(page_of(project, labeler))


def in_words(found: voiding.Restored) -> str:
    back = f"{found.count:,} ranking{'s' if found.count != 1 else ''} restored."
    if not found.kept:
        return back
    return (
        f"{back} {found.kept:,} stay voided, because others have ranked their tasks meanwhile: "
        "raise the overlap of these tasks to make room."
    )
