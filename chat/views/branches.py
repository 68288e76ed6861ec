"""What can be done with the tree: editing, moving between branches, deleting, forking."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from chat.models import Document, Message, PromptTemplateVersion
from chat.services import answers, branches
from chat.services.answers import UserTurn
from chat.services.context import ChatError
from chat.services.prompt_templates import render_turn
from chat.views.answers import changed_thread
from chat.views.common import message_of, refusal
from chat.views.files import attached, limits
from chat.views.template_use import FIELD, inputs_of, plain
from llmkit.prompts import PromptTemplateError
from llmkit.types import EngineError


@require_GET
def editor(request: HttpRequest, message_id: int) -> HttpResponse:
    """The person's turn as a form; Cancel fetches the turn again."""
    message = message_of(request, message_id)
    version = message.template_version
    plain = [{"name": "text", "label": "Message", "text": message.text}]
    fields = _fields(version, message) if version else plain
    files = Document.objects.filter(attachments__message=message).order_by("attachments__place")
    page = {"message": message, "fields": fields, "files": files.defer("text"), **limits()}
    return render(request, "chat/edit.html", page)


def _fields(version: PromptTemplateVersion, message: Message) -> list[dict[str, Any]]:
    inputs = (message.template_use or {}).get("inputs", {})
    return [
        {"name": f"{FIELD}{f['name']}", "label": f["label"], "text": inputs.get(f["name"])}
        for f in version.spec["fields"]
    ]


@require_POST
def edit(request: HttpRequest, message_id: int) -> HttpResponse:
    """Ask with the new wording, in a branch of its own."""
    message = message_of(request, message_id)
    try:
        answers.edit(message=message, turn=_edited(request, message))
    except ChatError as error:
        return refusal(request, str(error))
    return changed_thread(request, message.conversation)


def _edited(request: HttpRequest, message: Message) -> UserTurn:
    """The new wording; a template's turn goes through the same version with the same shots."""
    version, use = message.template_version, message.template_use or {}
    documents = attached(request, request.POST)
    if version is None:
        return UserTurn(plain(request.POST.get("text", "")), documents=documents)
    chosen = {key: use[key] for key in ("count", "choose", "seed", "picked", "layout")}
    try:
        made = render_turn(version=version, inputs=inputs_of(request.POST), use=chosen)
    except (PromptTemplateError, EngineError) as error:
        raise ChatError(str(error)) from error
    use = {**made.use, "alone": use.get("alone")}
    return UserTurn(made.text, made.messages, version, use, documents)


@require_POST
def select(request: HttpRequest, message_id: int) -> HttpResponse:
    """Open the branch through a sibling."""
    message = message_of(request, message_id)
    branches.select(message=message)
    return changed_thread(request, message.conversation)


@require_POST
def delete(request: HttpRequest, message_id: int) -> HttpResponse:
    """Remove a message and what follows from it."""
    message = message_of(request, message_id)
    branches.delete_branch(message=message)
    return changed_thread(request, message.conversation)


@require_POST
def fork(request: HttpRequest, message_id: int) -> HttpResponse:
    """Go on from here in a conversation of its own."""
    copy = branches.fork(message=message_of(request, message_id))
    return redirect("chat:conversation", copy.pk)
