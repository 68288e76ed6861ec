"""Votes on one answer and between it and its siblings."""

from uuid import UUID

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from chat.models import Message
from chat.services import contests, shared
from chat.services import votes as voting
from chat.services.contests import Contest
from chat.services.context import ChatError
from chat.services.votes import FLAGS, UntoldError, Voter
from chat.streaming import events
from chat.thread import shown
from chat.views.common import conversation_of, message_of, person, refusal
from chat.views.template_use import plain
from chat.voting import BAD, BEST, DOWN, OTHER, SAME, UP, Untold

NONE = "none"
LONGEST_KEY = 64
UNKNOWN = "This page is out of date. Reload it, then vote."


def voter_of(request: HttpRequest) -> Voter:
    key = plain(request.POST.get("key", ""))[:LONGEST_KEY]
    return Voter(person(request), key, request.POST.get("agreed") == "yes")


@require_GET
def votes(request: HttpRequest, message_id: int) -> HttpResponse:
    """The votes of an answer as a fragment; `why` asks what is wrong with it."""
    return fragment(request, message_of(request, message_id), why="why" in request.GET)


@require_POST
def thumb(request: HttpRequest, message_id: int) -> HttpResponse:
    """Good, bad or neither. On bad, the first time, the page asks why."""
    answer, vote = message_of(request, message_id), request.POST.get("vote", "")
    said = "comment" in request.POST
    try:
        give_thumb(request, answer, vote)
    except UntoldError:
        return untold(request, answer, "chat:thumb", {"vote": vote})
    except ChatError as error:
        return refusal(request, str(error))
    tell_others(request, answer)
    return fragment(request, answer, why=vote == DOWN and not said)


def give_thumb(request: HttpRequest, answer: Message, vote: str) -> None:
    if vote == NONE:
        voting.take_back(user=person(request), name=contests.alone(answer).name)
    elif vote in (UP, DOWN):
        voting.thumb(
            voter=voter_of(request),
            answer=answer,
            up=vote == UP,
            flags=[flag for flag in request.POST.getlist("flags") if flag in FLAGS.values],
            comment=plain(request.POST.get("comment", "")).strip(),
        )
    else:
        raise ChatError(UNKNOWN)


@require_POST
def better(request: HttpRequest, message_id: int) -> HttpResponse:
    """Which of two answers to the same turn is better, seen from one of them."""
    answer, choice = message_of(request, message_id), request.POST.get("choice", "")
    try:
        compare(request, answer, choice)
    except UntoldError:
        return untold(request, answer, "chat:better", {"choice": choice})
    except ChatError as error:
        return refusal(request, str(error))
    tell_others(request, answer)
    return fragment(request, answer)


def compare(request: HttpRequest, answer: Message, choice: str) -> None:
    contest = voting.required(contests.siblings_of(answer))
    if choice == NONE:
        voting.take_back(user=person(request), name=contest.name)
    elif choice in (SAME, BAD):
        voting.alike(voter=voter_of(request), contest=contest, bad=choice == BAD)
    elif choice in (BEST, OTHER):
        winner = answer.pk if choice == BEST else other_than(answer, contest)
        voting.best(voter=voter_of(request), contest=contest, winner=winner)
    else:
        raise ChatError(UNKNOWN)


def other_than(answer: Message, contest: Contest) -> int:
    others = [one.pk for one in contest.answers if one.pk != answer.pk]
    if len(others) != 1:
        raise ChatError("There are more answers now. Rank them instead.")
    return others[0]


@require_POST
def take_back(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """All the person's votes on a conversation."""
    opened = conversation_of(request, conversation_id)
    count = shared.take_back(user=person(request), conversations=[opened.pk])
    messages.success(request, taken_back(count))
    return redirect(opened)


def taken_back(count: int) -> str:
    if not count:
        return "There is no vote of yours here."
    return f"Took back {count} vote{'' if count == 1 else 's'}. They are not used any more."


def untold(
    request: HttpRequest, answer: Message, name: str, values: dict[str, str]
) -> HttpResponse:
    back = reverse("chat:votes", args=[answer.pk])
    return fragment(request, answer, untold=Untold(reverse(name, args=[answer.pk]), values, back))


def fragment(request: HttpRequest, answer: Message, **more: object) -> HttpResponse:
    found = shown(answer)
    if found.votes is None:
        return HttpResponse()
    page = {"message": answer, "votes": found.votes, "flag_choices": FLAGS.choices, **more}
    answered = render(request, "chat/votes/of_answer.html", page)
    if request.method == "POST":
        answered["HX-Trigger"] = "voted"
    return answered


def tell_others(request: HttpRequest, answer: Message) -> None:
    """Other tabs fetch the votes again; what they are writing there is left alone."""
    tab = request.headers.get("X-Tab", "")[:40]
    async_to_sync(events.publish)(answer.conversation_id, "votes", about=str(answer.pk), tab=tab)
