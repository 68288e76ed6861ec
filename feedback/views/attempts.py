"""One attempt: the dialogue with the model, and how it ended."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from feedback.models import Annotation, Attempt, Filling
from feedback.services.errors import FeedbackError
from feedback.services.red_team import dialogue, ending, filling
from feedback.views.common import done, managed, require
from feedback.views.red_team import REFUSED, Seen, address, common, seen
from llmkit.numbers import whole_number


def attempt_of(request: HttpRequest, slug: str, pk: int) -> tuple[Seen, Attempt]:
    """Their own, or anybody's for those who manage the project."""
    room = seen(request, slug)
    found = Attempt.objects.filter(project=room.project).select_related(
        "labeler__user", "project", "task", "guidelines"
    )
    return room, get_object_or_404(found if room.manages else found.by(signed_in(request)), pk=pk)


def own(request: HttpRequest, slug: str, pk: int) -> Attempt:
    """To go on with: the person's own, while they take part in the project."""
    room, found = attempt_of(request, slug, pk)
    require(room.takes_part and found.labeler.user_id == signed_in(request).pk)
    return found


@require_safe
def attempt(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    room, found = attempt_of(request, slug, pk)
    return page(request, room, found)


def page(request: HttpRequest, room: Seen, found: Attempt, refused: str = "") -> HttpResponse:
    """What was typed stays in the forms where something was refused."""
    context = context_of(request, room, found) | {"refused": refused}
    status = REFUSED if refused else 200
    return render(request, "feedback/red_team/attempt.html", context, status=status)


def context_of(request: HttpRequest, room: Seen, found: Attempt) -> dict[str, Any]:
    return {
        **common(room),
        "attempt": found,
        "is_own": room.takes_part and found.labeler.user_id == signed_in(request).pk,
        "filling": Filling.objects.filter(attempt_made=found).first(),
        "successes": Attempt.Success.choices,
        "flag_choices": Annotation.Flag.choices,
        "typed": typed(request, found),
    }


def typed(request: HttpRequest, found: Attempt) -> dict[str, object]:
    if request.method == "POST":
        flags = request.POST.getlist("flags")
        return {**request.POST.dict(), "flags": flags, "success": success_of(request)}
    return {"outcome": found.outcome, "flags": found.flags, "success": found.success}


@require_safe
def turns(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The answer that is being written; the whole dialogue once it has ended."""
    room, found = attempt_of(request, slug, pk)
    context = context_of(request, room, found)
    if found.is_answering and not found.is_silent:
        return render(request, "feedback/red_team/answering.html", context)
    response = render(request, "feedback/red_team/dialogue.html", {**context, "has_ended": True})
    response["HX-Retarget"], response["HX-Reswap"] = "#dialogue", "outerHTML"
    return response


def number(request: HttpRequest, name: str) -> int:
    """-1, which nothing allows, for what is no number."""
    found = whole_number(request.POST.get(name, ""))
    return -1 if found is None else found


def success_of(request: HttpRequest) -> int | None:
    return number(request, "success") if request.POST.get("success") else None


def revision_of(request: HttpRequest) -> int:
    return number(request, "revision")


def acted(request: HttpRequest, slug: str, pk: int, act: Callable[[Attempt], None]) -> HttpResponse:
    """Do it, or show the page again with why not and what was typed."""
    found = own(request, slug, pk)
    try:
        act(found)
    except FeedbackError as error:
        room, found = attempt_of(request, slug, pk)
        return page(request, room, found, str(error))
    return redirect(f"{address(found)}#end")


@require_POST
def send(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    text, revision = request.POST.get("text", ""), revision_of(request)
    return acted(
        request, slug, pk, lambda a: dialogue.send(attempt=a, text=text, revision=revision)
    )


@require_POST
def ask_again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    revision = revision_of(request)
    return acted(request, slug, pk, lambda a: dialogue.ask_again(attempt=a, revision=revision))


@require_POST
def stop(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    revision = revision_of(request)
    return acted(request, slug, pk, lambda a: dialogue.stop(attempt=a, revision=revision))


@require_POST
def finish(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    def act(found: Attempt) -> None:
        ending.finish(
            attempt=found,
            revision=revision_of(request),
            success=success_of(request),
            outcome=request.POST.get("outcome", ""),
            flags=request.POST.getlist("flags"),
        )
        messages.success(request, "Stored. Thank you.")

    return acted(request, slug, pk, act)


@require_POST
def give_up(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    revision, outcome = revision_of(request), request.POST.get("outcome", "")
    return acted(
        request, slug, pk, lambda a: ending.give_up(attempt=a, revision=revision, outcome=outcome)
    )


@require_POST
def take_up(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    return acted(request, slug, pk, lambda a: ending.take_up(attempt=a))


@require_POST
def fill(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask for the other answers again, after a failure."""
    found = get_object_or_404(Attempt, project=managed(request, slug), pk=pk)
    said = "The model is asked again."
    return done(request, lambda: filling.again(attempt=found), said, to=address(found))
