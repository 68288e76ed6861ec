"""The home page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from lifecycle.home.counting import Cost, Counted
from lifecycle.home.next_step import next_step
from lifecycle.home.stages import stages_of


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    counted = Counted(signed_in(request))
    stages = stages_of(counted)
    context = {
        "counted": counted,
        "stages": stages,
        "step": next_step(counted),
        "total": sum((stage.cost for stage in stages if stage.cost), Cost()),
        "rehearsals": counted.rehearsals if counted.trains else [],
    }
    return render(request, "lifecycle/home.html", context)
