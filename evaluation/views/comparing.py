"""Two models on one benchmark, item by item."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from evaluation.metrics import label_of
from evaluation.services import comparing
from evaluation.services.errors import EvaluationsError
from evaluation.showing import comparing as showing

ONLY = {"": "All items", "won": "Won by the first", "lost": "Lost by the first"}


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    asked = {name: request.GET.get(name, "") for name in ("benchmark", "a", "b", "task", "only")}
    choices = showing.choices(user)
    context = {"asked": asked, "choices": choices, "only": ONLY}
    context["models"] = choices.models(asked["benchmark"])
    if asked["a"] and asked["b"]:
        try:
            names = [asked["a"], asked["b"]]
            pair = comparing.pair_named(asked["benchmark"], names, user=user)
            found = comparing.compare(pair)
            context |= compared(request, pair, found, asked)
        except EvaluationsError as error:
            context["fault"] = str(error)
    return render(request, "board/compare/page.html", context)


def compared(
    request: HttpRequest,
    pair: comparing.Pair,
    found: list[comparing.Comparison],
    asked: dict[str, str],
) -> dict[str, object]:
    chosen = next((one for one in found if one.task == asked["task"]), found[0])
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "pair": pair,
        "verdicts": showing.verdicts(pair, found, chosen.task),
        "chosen": chosen,
        "label": label_of(chosen.measure),
        "sides": showing.sides(chosen, asked["only"], request.GET.get("page")),
        "query": query.urlencode(),
    }
