"""Ranking two to nine answers to one prompt, on a page of its own that needs no script."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from chat.models import Message
from chat.services import contests
from chat.services import votes as voting
from chat.services.contests import Contest
from chat.services.context import ChatError
from chat.services.votes import FLAGS, Placed, UntoldError
from chat.streaming import events
from chat.views.common import REFUSED, comparison_of, message_of, person
from chat.views.template_use import plain
from chat.views.votes import voter_of
from chat.voting import earlier
from feedback.rules import texts
from feedback.services import chat_votes


@dataclass(frozen=True)
class Row:
    """One answer on the form: its number, from 1, and what was said of it; place 0 is none."""

    number: int
    answer: Message
    place: int = 0
    unacceptable: bool = False
    flags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Form:
    rows: list[Row]
    all_bad: bool = False
    comment: str = ""

    @property
    def placed(self) -> Placed:
        return Placed(
            [row.place for row in self.rows],
            [i for i, row in enumerate(self.rows) if row.unacceptable],
            self.all_bad,
            {i: row.flags for i, row in enumerate(self.rows) if row.flags},
            self.comment,
        )


@require_http_methods(["GET", "HEAD", "POST"])
def siblings(request: HttpRequest, message_id: int) -> HttpResponse:
    answer = message_of(request, message_id)
    back = f"{answer.conversation.get_absolute_url()}#m{answer.pk}"
    told = str(answer.pk), answer.conversation_id
    return page(request, contests.siblings_of(answer), back, told)


@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    found = comparison_of(request, comparison_id)
    contest = contests.of_columns(found)
    first = contest.answers[0].conversation_id if contest else found.pk
    return page(request, contest, found.get_absolute_url(), (str(found.pk), first))


def page(
    request: HttpRequest, contest: Contest | None, back: str, told: tuple[str, UUID]
) -> HttpResponse:
    """The form, or what it says stored; with nothing to rank, back to where the answers are."""
    if not chat_votes.are_on():
        raise Http404
    if contest is None:
        messages.error(request, voting.NOT_NOW)
        return redirect(back)
    if request.method != "POST":
        return shown(request, contest, begun(request, contest), back)
    form = filled(request.POST, contest)
    try:
        require_same(request.POST, contest)
        voting.rank(voter=voter_of(request), contest=contest, placed=form.placed)
    except UntoldError:
        return shown(request, contest, form, back, "Say first that you know what this shares.")
    except ChatError as error:
        return shown(request, contest, form, back, str(error))
    about, conversation = told
    async_to_sync(events.publish)(conversation, "votes", about=about, tab="")
    messages.success(request, "Your ranking is stored.")
    return redirect(back)


def begun(request: HttpRequest, contest: Contest) -> Form:
    """With what the person said before, where it was about some of these answers."""
    rows = [Row(n, answer) for n, answer in enumerate(contest.answers, start=1)]
    before = earlier(person(request), contest)
    if before is None:
        return Form(rows)
    said = before.annotation
    tier_of = {place: n for n, tier in enumerate(said.tiers, start=1) for place in tier}
    places = {texts.sha256(row.answer.text): row for row in rows}
    for place, hashed in enumerate(before.hashes):
        if (row := places.get(hashed)) is not None:
            rows[row.number - 1] = Row(
                row.number,
                row.answer,
                0 if said.all_bad else tier_of.get(place, 0),
                place in said.unacceptable and not said.all_bad,
                said.flags.get(str(place), []),
            )
    return Form(rows, said.all_bad, said.comment)


def filled(data: QueryDict, contest: Contest) -> Form:
    rows = [row_of(data, n, answer) for n, answer in enumerate(contest.answers, start=1)]
    return Form(rows, "all_bad" in data, plain(data.get("comment", "")).strip())


def row_of(data: QueryDict, number: int, answer: Message) -> Row:
    place = data.get(f"place{number}", "0")
    flags = [flag for flag in data.getlist(f"flags{number}") if flag in FLAGS.values]
    return Row(
        number,
        answer,
        int(place) if place in "123456789" and len(place) == 1 else 0,
        f"unacceptable{number}" in data,
        flags,
    )


def require_same(data: QueryDict, contest: Contest) -> None:
    """The answers that the page showed are those that are there."""
    if data.get("answers") != names_of(contest):
        raise ChatError("The answers have changed since this page was opened. Look again, please.")


def names_of(contest: Contest) -> str:
    return ",".join(f"{answer.pk}:{len(answer.text)}" for answer in contest.answers)


def shown(
    request: HttpRequest, contest: Contest, form: Form, back: str, refused: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "places": range(1, len(form.rows) + 1),
        "asked": contest.answers[0].parent,
        "answers": names_of(contest),
        "back": back,
        "refused": refused,
        "told": chat_votes.has_voted(person(request)),
        "flag_choices": FLAGS.choices,
        "several": True,
    }
    return render(request, "chat/votes/rank.html", context, status=REFUSED if refused else 200)
