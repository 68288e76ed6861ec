"""What tuning on one task cost on the others."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import signed_in
from evaluation.services import comparing_parents
from evaluation.showing import forgetting as showing


@require_safe
def forgetting(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    parents = comparing_parents.parents(user)
    wanted = request.GET.get("parent", "")
    parent = next((one for one in parents if str(one.pk) == wanted), next(iter(parents), None))
    context: dict[str, object] = {"parents": parents, "parent": parent}
    if parent is not None:
        context["table"] = showing.table(comparing_parents.tuned(parent, user))
    return render(request, "board/forgetting/page.html", context)
