"""The reward lens: which reward model looks on, and its scores below an answer."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from chat.services import reward_lens
from chat.services.context import ChatError
from chat.views.common import conversation_of, message_of, person, refusal
from training.services import rewards


def lens_context(user: User) -> dict[str, Any]:
    """For the control: what may be chosen, and what is."""
    judge = reward_lens.judge_of(user)
    return {"judges": rewards.to_choose_from(), "judge": judge}


@require_POST
def choose(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """Remember it for the person; the thread is fetched anew with or without scores."""
    opened = conversation_of(request, conversation_id)
    try:
        reward_lens.choose(user=person(request), name=request.POST.get("reward_model", ""))
    except ChatError as error:
        return refusal(request, str(error))
    context = {"conversation": opened, "changed": True, **lens_context(person(request))}
    return render(request, "chat/reward/control.html", context)


@require_GET
def scores(request: HttpRequest, message_id: int) -> HttpResponse:
    """Below one answer, or the sentence why there are no scores."""
    answer, judge = message_of(request, message_id), reward_lens.judge_of(person(request))
    if judge is None:
        return HttpResponse("")
    context: dict[str, Any] = {"message": answer, "judge": judge}
    try:
        context["judged"] = reward_lens.judged(answer=answer, judge=judge)
    except ChatError as error:
        context["refused"] = str(error)
    return render(request, "chat/reward/scores.html", context)
