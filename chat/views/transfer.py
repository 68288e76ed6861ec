"""Conversations in and out of files."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from chat.models import Conversation
from chat.services import transfer
from chat.transfer.reading import MAX_BYTES, TransferError
from chat.transfer.writing import as_json, as_markdown
from chat.views.common import REFUSED, conversation_of, person


@require_GET
def export_json(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The whole tree, to be read in again."""
    opened = conversation_of(request, conversation_id)
    response = JsonResponse(as_json(opened), json_dumps_params={"ensure_ascii": False, "indent": 1})
    return _download(response, opened, "json")


@require_GET
def export_markdown(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The open branch, to be read by people."""
    opened = conversation_of(request, conversation_id)
    response = HttpResponse(as_markdown(opened), content_type="text/markdown; charset=utf-8")
    return _download(response, opened, "md")


def _download(response: HttpResponse, opened: Conversation, ending: str) -> HttpResponse:
    name = slugify(opened.title)[:60] or "conversation"
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response


@require_http_methods(["GET", "POST"])
def import_file(request: HttpRequest) -> HttpResponse:
    """A form for a file; what is wrong with the file is listed row by row."""
    if request.method == "GET":
        return render(request, "chat/import.html")
    try:
        made = transfer.import_file(owner=person(request), data=_uploaded(request))
    except TransferError as error:
        return render(request, "chat/import.html", {"reasons": error.reasons}, status=REFUSED)
    messages.success(request, f"Imported {len(made)} conversation{'s' if len(made) > 1 else ''}.")
    return redirect(made[0])


def _uploaded(request: HttpRequest) -> bytes:
    """The file's content, read no further than it may be long."""
    file = request.FILES.get("file")
    if file is None:
        raise TransferError("Choose a file first.")
    return file.read(MAX_BYTES + 1)
