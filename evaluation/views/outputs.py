"""A file of outputs, scored and, if wanted, put on the leaderboard."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.access import may_enter, signed_in
from evaluation.forms_outputs import OutputsForm
from evaluation.services import scoring_telling, scoring_upload
from evaluation.services.errors import EvaluationsError
from evaluation.services.scoring_upload import Result

MOST_REFUSED = 100


@require_http_methods(["GET", "HEAD", "POST"])
def outputs(request: HttpRequest) -> HttpResponse:
    """For those who may evaluate: it takes the machine's time and writes on the leaderboard."""
    if not may_enter(request.user, "evaluation"):
        raise Http404
    form = OutputsForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "board/outputs/page.html", {"form": form}, status=status)
    try:
        found = scoring_upload.score(form.cleaned_data["file"], form.asked(), signed_in(request))
    except EvaluationsError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return render(request, "board/outputs/page.html", {"form": form}, status=422)
    if found.runs:
        messages.success(request, "The scores are on the leaderboard.")
    return render(request, "board/outputs/page.html", {"form": form, **shown(found)})


def shown(found: Result) -> dict[str, object]:
    systems = found.scores.systems
    keys = scoring_telling.main_names(systems)
    return {
        "found": found,
        "refused": found.sheet.refused[:MOST_REFUSED],
        "more_refused": max(0, len(found.sheet.refused) - MOST_REFUSED),
        "empty": {name: n for name, n in found.sheet.empty.items() if n},
        "columns": [next(iter(systems.values()))[key] for key in keys],
        "rows": [(name, [ones.get(key) for key in keys]) for name, ones in systems.items()],
        "references": ", ".join(found.columns.references),
    }
