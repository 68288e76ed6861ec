"""The decoding lens: an answer token by token, one place of it, and a branch from there."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from chat.services import lens
from chat.services.context import ChatError
from chat.views.answers import changed_thread
from chat.views.common import REFUSED, message_of, refusal

LARGEST = 2**31


@require_GET
def tokens(request: HttpRequest, message_id: int) -> HttpResponse:
    """Every token of an answer with its probability and its alternatives."""
    answer = message_of(request, message_id)
    return told(lambda: lens.look(answer=answer))


@require_GET
def place(request: HttpRequest, message_id: int, position: int) -> HttpResponse:
    """The whole distribution of the token at one place."""
    answer = message_of(request, message_id)
    return told(lambda: lens.look_at(answer=answer, position=min(position, LARGEST)))


def told(look: Callable[[], dict[str, Any]]) -> HttpResponse:
    """What was found, or one sentence about why nothing was."""
    try:
        return JsonResponse(look())
    except ChatError as error:
        return JsonResponse({"error": str(error)}, status=REFUSED)


@require_POST
def branch(request: HttpRequest, message_id: int, position: int, token: int) -> HttpResponse:
    """Another token at that place, in an answer beside this one that goes on from it."""
    answer = message_of(request, message_id)
    try:
        lens.branch(answer=answer, position=position, token=token)
    except ChatError as error:
        return refusal(request, str(error))
    return changed_thread(request, answer.conversation)
