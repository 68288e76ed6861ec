"""A frozen version of pairs as a file for other tools."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.access import ADMIN, TRAINER, is_in_group, signed_in
from feedback import exporting
from feedback.rules.splits import SPLITS
from training.models import Dataset, DatasetVersion
from training.services.datasets import DatasetError

LINES = 500
PIECE = 1 << 20
TYPES = {"jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}


@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """`form`, `split` (all when left out) and `type` are in the address. A file that was changed
    after it was frozen is refused before anything is sent."""
    if not (is_in_group(request.user, TRAINER) or is_in_group(request.user, ADMIN)):
        raise Http404
    mine = Dataset.objects.seen_by(signed_in(request)).filter(kind=Dataset.Kind.PREFERENCE)
    known = DatasetVersion.objects.filter(dataset__in=mine)
    version = get_object_or_404(known.select_related("dataset"), pk=pk)
    form, file_type = request.GET.get("form", "trl"), request.GET.get("type", "jsonl")
    split = request.GET.get("split") or None
    if form not in exporting.FORMS or file_type not in TYPES or split not in (None, *SPLITS):
        raise Http404
    try:
        return sent(version, form, split, file_type)
    except DatasetError as error:
        return HttpResponse(str(error), status=410, content_type="text/plain; charset=utf-8")


def sent(version: DatasetVersion, form: str, split: str | None, file_type: str) -> HttpResponseBase:
    exporting.check(version, form, split)
    parts = parquet(version, form, split) if file_type == "parquet" else jsonl(version, form, split)
    response = StreamingHttpResponse(in_a_thread(parts), content_type=TYPES[file_type])
    name = exporting.file_name(version, form, split, file_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def jsonl(version: DatasetVersion, form: str, split: str | None) -> Iterator[bytes]:
    lines = exporting.lines(version, form, split)
    while some := b"".join(islice(lines, LINES)):
        yield some


def parquet(version: DatasetVersion, form: str, split: str | None) -> Iterator[bytes]:
    """Such a file ends with its own index, so it is written before it is sent."""
    handle, name = tempfile.mkstemp(suffix=".parquet")
    os.close(handle)
    try:
        exporting.write(version, form, Path(name), split)
        with Path(name).open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
    finally:
        Path(name).unlink()


async def in_a_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Piece by piece, so that a large file is never whole in memory."""
    with closing(parts):  # type: ignore[type-var]
        while piece := await sync_to_async(next_of)(parts):
            yield piece


def next_of(parts: Iterator[bytes]) -> bytes:
    """Empty at the end: StopIteration does not pass through a thread."""
    return next(parts, b"")
