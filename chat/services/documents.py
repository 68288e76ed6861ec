"""Files that people bring: read once, kept while a message has them, removed with the last one."""

import asyncio
import time
import unicodedata
from collections.abc import Iterable
from functools import partial
from pathlib import Path, PurePosixPath
from uuid import UUID

from django.conf import settings as site
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from chat.models import Attachment, Document, Message
from chat.models.document import KEEP_UNATTACHED, DocumentQuerySet
from chat.services.context import ChatError
from chat.services.enclosing import MEASURED
from llmkit.client import TokenCount
from llmkit.documents import DocumentError, Limits, ReadDocument, read_file
from llmkit.types import EngineError
from training import engines

MAX_WAITING = 50
LONGEST_NAME = 120
COUNT_SECONDS = 3.0


def take(*, owner: User, file: UploadedFile) -> Document:
    """Read a file and keep it for a message to come. ChatError: a sentence, and nothing is kept."""
    waiting = Document.objects.owned_by(owner).unattached().count()
    if waiting >= MAX_WAITING:
        raise ChatError(f"{waiting} of your files wait to be sent. Remove some first.")
    document = Document(owner=owner, name=shown_name(file.name or ""), size=file.size or 0)
    document.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        found = _read(file, document.name, document.path)
        document.kind, document.pages = found.kind, found.pages
        document.words, document.text = found.words, found.text
        document.save()
    except BaseException:
        document.path.unlink(missing_ok=True)
        raise
    return document


def text_of(*, file: UploadedFile) -> str:
    """The text of a file that is not kept. ChatError: a sentence."""
    passing = Document(name=shown_name(file.name or ""))
    passing.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _read(file, passing.name, passing.path).text
    finally:
        passing.path.unlink(missing_ok=True)


def _read(file: UploadedFile, name: str, path: Path) -> ReadDocument:
    """What the file says, from a copy at `path`."""
    if (file.size or 0) > site.UPLOAD_MAX_MB * 1024 * 1024:
        raise ChatError(f"{name} is larger than {site.UPLOAD_MAX_MB} MB. Attach a part of it.")
    with path.open("xb") as copy:
        for chunk in file.chunks():
            copy.write(chunk)
    try:
        return read_file(path, name, Limits(site.UPLOAD_READ_SECONDS, site.UPLOAD_READ_MEMORY_MB))
    except DocumentError as error:
        raise ChatError(f"{name} was not attached. {error}") from error


def shown_name(given: str) -> str:
    """The last part of a name, without what can't be seen or would turn the text around."""
    name = PurePosixPath(given.replace("\\", "/")).name
    kept = "".join(c for c in name if unicodedata.category(c)[0] != "C" and c not in '<>"')
    name = " ".join(kept.split()) or "file"
    if len(name) <= LONGEST_NAME:
        return name
    ending = PurePosixPath(name).suffix[:10]
    return name[: LONGEST_NAME - len(ending) - 1] + "…" + ending


async def count_tokens(text: str, model: str) -> TokenCount | None:
    """How long a text is for a model; None where no engine says so in time."""
    try:
        async with asyncio.timeout(COUNT_SECONDS):
            name = engines.preferred(await engines.models(), model)
            client = await engines.client_for(name)
            return await client.tokenize(name, prompt=text[:MEASURED])
    except (EngineError, TimeoutError):
        return None


def attach(*, documents: Iterable[Document], message: Message) -> None:
    """Put them on a person's turn, in this order."""
    Attachment.objects.bulk_create(
        Attachment(message=message, document=document, place=place)
        for place, document in enumerate(documents)
    )


@transaction.atomic
def release(*, documents: Iterable[UUID]) -> None:
    """Remove those that no message has any more; the others stay."""
    _remove(Document.objects.unattached().filter(pk__in=list(documents)))


@transaction.atomic
def sweep() -> int:
    """Remove what was never sent, and files whose rows are gone; returns how many rows went."""
    count = _remove(Document.objects.abandoned())
    old = [path for path in site.UPLOADS_DIR.glob("*") if _is_old(path)]
    known = {str(key) for key in Document.objects.values_list("pk", flat=True)} if old else set()
    for path in old:
        if path.name not in known:
            path.unlink(missing_ok=True)
    return count


def _is_old(path: Path) -> bool:
    return path.stat().st_mtime < time.time() - KEEP_UNATTACHED.total_seconds()


def _remove(found: DocumentQuerySet) -> int:
    """Rows now, their files once that is certain."""
    gone = list(found.only("pk"))
    Document.objects.filter(pk__in=[document.pk for document in gone]).delete()
    for document in gone:
        transaction.on_commit(partial(document.path.unlink, missing_ok=True))
    return len(gone)
