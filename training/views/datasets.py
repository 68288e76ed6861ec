"""Datasets and their frozen versions."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from training.models import Dataset


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    return render(request, "datasets/list.html", {"datasets": Dataset.objects.all()})
