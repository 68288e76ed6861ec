"""A version going out as a zip, and an adapter going into its model's weights."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from training.forms_versions import MergeForm
from training.services import adding, exporting
from training.services.errors import ModelsError
from training.views.common import known, may_add, require


@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The zip is made while it is sent, in a thread, so that no model lies in memory."""
    require(may_add(request.user))
    version = known(pk)
    try:
        found = exporting.parts(version, signed_in(request))
    except ModelsError as error:
        messages.error(request, str(error))
        return redirect(version)
    response = StreamingHttpResponse(
        in_a_thread(exporting.zipped(version, found)), content_type="application/zip"
    )
    name = f"{exporting.file_name(version)}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Hash"] = version.content_hash
    return response


async def in_a_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    take = sync_to_async(lambda: next(pieces, None), thread_sensitive=False)
    while (piece := await take()) is not None:
        yield piece


@require_POST
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    require(may_add(request.user))
    version, form = known(pk), MergeForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect(version)
    try:
        name = form.cleaned_data["name"]
        addition = adding.begin_merge(adapter=version, by=signed_in(request), name=name)
    except ModelsError as error:
        messages.error(request, str(error))
        return redirect(version)
    messages.success(request, f"{addition.version.name} is being made.")
    return redirect("models:list")
