"""Sending a message, and what can be done with an answer."""

from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from chat.forms import SettingsForm
from chat.models import Conversation, Message
from chat.services import answers
from chat.services.context import ChatError
from chat.streaming import events
from chat.thread import shown, shown_thread, shown_turn
from chat.views.common import apply_settings, conversation_of, message_of, refusal
from chat.views.composer import turn_from


@require_POST
def send(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """Start an answer. The first message of a conversation leads to its page."""
    opened = conversation_of(request, conversation_id)
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return refusal(request, form.first_error)
    apply_settings(opened, form)
    parent = opened.leaf
    try:
        answer = answers.send(conversation=opened, turn=turn_from(request), parent=parent)
    except ChatError as error:
        return refusal(request, str(error))
    if conversation_id is None:
        response = HttpResponse()
        response["HX-Redirect"] = reverse("chat:conversation", args=[opened.pk])
        return response
    if parent and request.headers.get("X-Last-Shown") == str(parent.pk):
        return grown_thread(request, answer)
    return changed_thread(request, opened)


@require_POST
def regenerate(request: HttpRequest, message_id: int) -> HttpResponse:
    answer = message_of(request, message_id)
    try:
        answers.regenerate(answer=answer)
    except ChatError as error:
        return refusal(request, str(error))
    return changed_thread(request, answer.conversation)


@require_POST
def continue_answer(request: HttpRequest, message_id: int) -> HttpResponse:
    answer = message_of(request, message_id)
    try:
        answers.continue_answer(answer=answer)
    except ChatError as error:
        return refusal(request, str(error))
    return changed_thread(request, answer.conversation)


@require_POST
def stop(request: HttpRequest, message_id: int) -> HttpResponse:
    answers.stop(answer=message_of(request, message_id))
    return HttpResponse(status=204)


@require_GET
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    """One message as a fragment: how it looks once its answer has ended."""
    found = message_of(request, message_id)
    page = {"shown": shown(found), "conversation": found.conversation}
    return render(request, "chat/message.html", page)


@require_GET
def prompt(request: HttpRequest, message_id: int) -> HttpResponse:
    """What exactly was sent to the model for an answer, and what was left out."""
    found = shown(message_of(request, message_id))
    dropped = found.generation.dropped if found.generation else []
    left_out = Message.objects.filter(pk__in=dropped, conversation=found.message.conversation)
    return render(request, "chat/prompt.html", {"shown": found, "left_out": left_out})


def changed_thread(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """The branch after a change; other tabs are told to fetch it too."""
    opened = conversation_of(request, conversation.pk)
    tell_other_tabs(request, opened)
    page = {"conversation": opened, "thread": shown_thread(opened)}
    return render(request, "chat/thread.html", page)


def grown_thread(request: HttpRequest, answer: Message) -> HttpResponse:
    """The turn and the answer that a page lacks which shows the branch up to them: drawing all of
    a long one again would be most of the wait for the first word."""
    conversation = answer.conversation
    tell_other_tabs(request, conversation)
    page = {"conversation": conversation, "thread": shown_turn(answer)}
    response = render(request, "chat/thread.html", page)
    response["HX-Reswap"] = "beforeend"
    return response


def tell_other_tabs(request: HttpRequest, conversation: Conversation) -> None:
    key, tab = conversation.pk, request.headers.get("X-Tab", "")[:40]
    async_to_sync(events.publish)(key, "thread", conversation=str(key), tab=tab)
