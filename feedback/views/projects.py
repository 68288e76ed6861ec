"""The projects a person may rank in or manage, and the page of one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from feedback.models import Project
from feedback.views.common import managed


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    return render(
        request,
        "feedback/home.html",
        {
            "to_rank": Project.objects.labeled_by(user),
            "projects": Project.objects.managed_by(user),
        },
    )


@require_safe
def project(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "feedback/project.html", {"project": managed(request, slug)})
