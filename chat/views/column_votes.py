"""Which column of a comparison has the best answer."""

from uuid import UUID

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from chat.models import Comparison, Conversation
from chat.services import contests, shared
from chat.services import votes as voting
from chat.services.context import ChatError
from chat.services.votes import UntoldError
from chat.streaming import events
from chat.views.common import comparison_of, person, refusal
from chat.views.votes import NONE, UNKNOWN, taken_back, voter_of
from chat.voting import BAD, SAME, Untold, of_columns
from llmkit.numbers import whole_number


@require_GET
def votes(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    return fragment(request, comparison_of(request, comparison_id))


@require_POST
def best(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    found, choice = comparison_of(request, comparison_id), request.POST.get("choice", "")
    try:
        choose(request, found, choice)
    except UntoldError:
        here, back = (reverse(f"chat:comparison-{n}", args=[found.pk]) for n in ("best", "votes"))
        return fragment(request, found, untold=Untold(here, {"choice": choice}, back))
    except ChatError as error:
        return refusal(request, str(error))
    tab = request.headers.get("X-Tab", "")[:40]
    leaf = found.columns.shown().values_list("conversation", flat=True)[0]
    async_to_sync(events.publish)(leaf, "votes", about=str(found.pk), tab=tab)
    return fragment(request, found)


def choose(request: HttpRequest, found: Comparison, choice: str) -> None:
    contest = voting.required(contests.of_columns(found))
    if choice == NONE:
        voting.take_back(user=person(request), name=contest.name)
    elif choice in (SAME, BAD):
        voting.alike(voter=voter_of(request), contest=contest, bad=choice == BAD)
    elif (winner := whole_number(choice)) is not None:
        voting.best(voter=voter_of(request), contest=contest, winner=winner)
    else:
        raise ChatError(UNKNOWN)


@require_POST
def take_back(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """All the person's votes on a comparison and in its columns."""
    found = comparison_of(request, comparison_id)
    columns = Conversation.objects.filter(column__comparison=found).values_list("pk", flat=True)
    messages.success(
        request, taken_back(shared.take_back(user=person(request), conversations=columns))
    )
    return redirect(found)


def fragment(request: HttpRequest, found: Comparison, **more: object) -> HttpResponse:
    page = {"comparison": found, "several": True, **of_columns(found), **more}
    return render(request, "chat/votes/of_columns.html", page)
