"""The leaderboard, and the same as files."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from evaluation.services import board, board_export
from evaluation.services.board_filters import filters_in
from evaluation.services.board_people import people
from evaluation.showing import board as showing
from evaluation.showing import board_charts

SIZE_WORDS = {
    "": "Any size",
    "small": "Below 500 M parameters",
    "middle": "500 M to 3 B",
    "large": "3 B and more",
}
RANK_SECONDS = 0.3
LONGER = 20.0


@require_safe
def leaderboard(request: HttpRequest) -> HttpResponse:
    """Ranks that are new take a moment: the page asks for itself again with `ranks=1` for those."""
    user, filters = signed_in(request), filters_in(request.GET)
    patience = LONGER if request.GET.get("ranks") == "1" else RANK_SECONDS
    found = board.read(user, filters)
    if found.unranked:
        found = board_export.with_ranks(found, seconds=patience)
    preferred = people(user, request.GET.get("people", ""))
    query = request.GET.copy()
    query.pop("ranks", None)
    context = {
        "board": found,
        "filters": filters,
        "people": preferred,
        "shown": showing.shown(found, filters, preferred, query),
        "columns": showing.column_choices(found),
        "sizes": SIZE_WORDS,
        "benchmarks": showing.benchmark_choices(found),
        "charts": board_charts.charts(
            found, request.GET.get("chart", filters.sort), request.GET.get("against", "")
        ),
        "against": board_charts.AGAINST,
        "query": query.urlencode(),
        "kept": [(n, v) for n, vs in query.lists() if n not in ("chart", "against") for v in vs],
        "pending": len(found.unranked) > 1 and "ranks" not in request.GET,
    }
    return render(request, "board/leaderboard/page.html", context)


@require_safe
def export(request: HttpRequest, form: str) -> HttpResponse:
    """What the page shows under the same address, with ranks."""
    found = board.read(signed_in(request), filters_in(request.GET))
    found = board_export.with_ranks(found, seconds=LONGER)
    if form == "csv":
        text, kind = board_export.as_csv(found), "text/csv; charset=utf-8"
    else:
        text, kind = board_export.as_json(found), "application/json"
    name = f'attachment; filename="leaderboard.{form}"'
    return HttpResponse(text, content_type=kind, headers={"Content-Disposition": name})
