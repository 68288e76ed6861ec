"""Files for a message: taken in, shown as they were read, handed back."""

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.conf import settings as site
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from chat.models import Document
from chat.models.document import DocumentQuerySet
from chat.services import documents
from chat.services.answers import SUGGESTED
from chat.services.context import ChatError
from chat.views.common import message_of, person, refusal
from llmkit.documents import ENDINGS

FIELD = "document"


def attached(request: HttpRequest, data: QueryDict) -> list[Document]:
    """The person's documents that a form names, in its order. ChatError where one is gone."""
    wanted = list(dict.fromkeys(data.getlist(FIELD)))
    if len(wanted) > site.UPLOAD_MAX_FILES:
        raise ChatError(f"A message takes at most {site.UPLOAD_MAX_FILES} files. Remove some.")
    if not wanted:
        return []
    mine = {
        str(d.pk): d for d in Document.objects.owned_by(person(request)).filter(pk__in=_ids(wanted))
    }
    if len(mine) < len(wanted):
        raise ChatError("A file is no longer here. Remove it and attach it again.")
    return [mine[key] for key in wanted]


def waiting(request: HttpRequest) -> DocumentQuerySet:
    """The unsent ones that an address names; those that are gone are left out."""
    wanted = _ids(request.GET.getlist(FIELD)[: site.UPLOAD_MAX_FILES])
    mine = Document.objects.owned_by(person(request)).unattached()
    return mine.filter(pk__in=wanted).defer("text")


def limits() -> dict[str, Any]:
    """What a composer says and checks about files."""
    return {
        "endings": ",".join(ENDINGS),
        "max_files": site.UPLOAD_MAX_FILES,
        "max_mb": site.UPLOAD_MAX_MB,
        "suggested_texts": SUGGESTED,
    }


def _ids(wanted: list[str]) -> list[UUID]:
    try:
        return [UUID(key) for key in wanted]
    except ValueError as error:
        raise Http404 from error


def _uploaded(request: HttpRequest) -> UploadedFile:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise ChatError("Choose a file first.")
    return file


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Read one file; answers with its chip for the composer."""
    try:
        document = documents.take(owner=person(request), file=_uploaded(request))
    except ChatError as error:
        return refusal(request, str(error))
    counted = async_to_sync(documents.count_tokens)(document.text, request.POST.get("model", ""))
    return render(request, "chat/file_chip.html", {"document": document, "counted": counted})


@require_POST
def text(request: HttpRequest) -> HttpResponse:
    """A file's text for a template's field; nothing is kept."""
    try:
        return JsonResponse({"text": documents.text_of(file=_uploaded(request))})
    except ChatError as error:
        return refusal(request, str(error))


@require_POST
def discard(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Take a file off the composer; it is removed unless a message has it."""
    document = _own(request, document_id)
    documents.release(documents=[document.pk])
    return HttpResponse()


@require_GET
def chips(request: HttpRequest) -> HttpResponse:
    """The chips of files that wait in a composer, after a reload."""
    return render(request, "chat/file_chips.html", {"files": waiting(request)})


@require_GET
def download(request: HttpRequest, document_id: UUID) -> FileResponse:
    """The file as it came, never as something a browser would open."""
    document = _own(request, document_id)
    if not document.path.is_file():
        raise Http404
    return FileResponse(
        document.path.open("rb"),
        as_attachment=True,
        filename=document.name,
        content_type="application/octet-stream",
    )


@require_GET
def show(request: HttpRequest, message_id: int, document_id: UUID) -> HttpResponse:
    """The text that was read of a file; for an answer, with the place where it was cut."""
    message = message_of(request, message_id)
    document = _own(request, document_id)
    made = message.generations.order_by("created_at").last()
    cuts = made.cuts if made else []
    cut = next((c for c in cuts if c["document"] == str(document.pk)), None)
    page: dict[str, Any] = {"message": message, "document": document, "cut": cut}
    end = cut["characters"] if cut else len(document.text)
    page |= {"sent": document.text[:end], "rest": document.text[end:].lstrip()}
    return render(request, "chat/file.html", page)


def _own(request: HttpRequest, document_id: UUID) -> Document:
    return get_object_or_404(Document.objects.owned_by(person(request)), pk=document_id)
