"""What the measures are, with two texts to try them on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from evaluation.showing import measures as showing
from evaluation.showing import worked


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


@require_safe
def measures(request: HtmxHttpRequest) -> HttpResponse:
    output = request.GET.get("output", worked.OUTPUT)[: worked.LONGEST]
    reference = request.GET.get("reference", worked.REFERENCE)[: worked.LONGEST]
    context = {
        "output": output,
        "reference": reference,
        "worked": worked.worked(output, reference),
        "most": worked.LONGEST,
    }
    if request.htmx:
        return render(request, "board/measures/worked.html", context)
    return render(request, "board/measures/page.html", {**context, "groups": showing.groups()})
