"""The page of a comparison, the list of them, and what is done to all columns at once."""

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from chat.columns import shown_comparison, sizes_of
from chat.models import Comparison, PromptTemplate
from chat.services import asking, comparisons, counting
from chat.services.context import ChatError
from chat.streaming import events
from chat.transfer import comparing
from chat.views.common import comparison_of, person, refusal
from chat.views.template_use import plain
from chat.voting import of_columns
from training import engines

LISTED = 40
PAGE = "chat/comparisons/page.html"


def page_context(comparison: Comparison) -> dict[str, Any]:
    names = async_to_sync(engines.models)()
    shown = shown_comparison(comparison, names)
    return {"comparison": comparison, "shown": shown, "several": True, **of_columns(comparison)}


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Past comparisons, and where to begin one."""
    found = Comparison.objects.owned_by(person(request)).newest_first()
    shown = found.prefetch_related("columns__conversation", "columns__template_version")
    return render(
        request,
        "chat/comparisons/list.html",
        {
            "page": Paginator(shown, LISTED).get_page(request.GET.get("page")),
            "templates": PromptTemplate.objects.visible_to(person(request)).with_latest_id(),
        },
    )


@require_GET
def comparison(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    return render(request, PAGE, page_context(comparison_of(request, comparison_id)))


@require_GET
def body(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """All but the head, as a fragment, for tabs to follow a change made elsewhere."""
    return render(request, f"{PAGE}#body", page_context(comparison_of(request, comparison_id)))


def changed_body(request: HttpRequest, found: Comparison) -> HttpResponse:
    """The page after a change; other tabs are told to fetch it too."""
    tab = request.headers.get("X-Tab", "")[:40]
    async_to_sync(events.publish_columns)(found.pk, tab=tab)
    return render(request, f"{PAGE}#body", page_context(comparison_of(request, found.pk)))


@require_POST
def ask(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Put what stands in the composer to every column."""
    found = comparison_of(request, comparison_id)
    try:
        asking.ask(comparison=found, text=plain(request.POST.get("question", "")))
    except ChatError as error:
        return refusal(request, str(error))
    return changed_body(request, found)


@require_POST
def ask_again(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    found = comparison_of(request, comparison_id)
    try:
        asking.ask_again(comparison=found)
    except ChatError as error:
        return refusal(request, str(error))
    return changed_body(request, found)


@require_POST
def stop(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    asking.stop(comparison=comparison_of(request, comparison_id))
    return HttpResponse(status=204)


@require_POST
def sizes(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """How long each column's prompt would be with what stands in the composer."""
    found = comparison_of(request, comparison_id)
    columns = comparisons.columns_of(found)
    text = plain(request.POST.get("question", ""))
    if not text.strip():
        return HttpResponse()
    measured = async_to_sync(counting.measure_all)(counting.prompts_for(columns, text))
    shown = sizes_of(columns, [one.tokens for one in measured])
    rows = zip(columns, shown, measured, strict=True)
    return render(request, "chat/comparisons/sizes.html", {"rows": rows})


@require_POST
def add(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    found = comparison_of(request, comparison_id)
    try:
        comparisons.add_column(comparison=found)
    except ChatError as error:
        return refusal(request, str(error))
    return changed_body(request, found)


@require_POST
def delete(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    found = comparison_of(request, comparison_id)
    comparisons.delete(comparison=found)
    undo = reverse("chat:comparison-restore", args=[found.pk])
    messages.success(request, f"Deleted “{found}”.", extra_tags=f"undo={undo}")
    return redirect("chat:comparisons")


@require_POST
def restore(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    """Undo a deletion."""
    mine = Comparison.objects.deleted_by(person(request))
    found = get_object_or_404(mine, pk=comparison_id)
    comparisons.restore(comparison=found)
    return redirect(found)


@require_GET
def export_json(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    found = comparison_of(request, comparison_id)
    as_text = {"ensure_ascii": False, "indent": 1}
    return _download(JsonResponse(comparing.as_json(found), json_dumps_params=as_text), found)


@require_GET
def export_markdown(request: HttpRequest, comparison_id: UUID) -> HttpResponse:
    found = comparison_of(request, comparison_id)
    text = comparing.as_markdown(found)
    return _download(HttpResponse(text, content_type="text/markdown; charset=utf-8"), found, "md")


def _download(response: HttpResponse, found: Comparison, ending: str = "json") -> HttpResponse:
    name = slugify(found.title)[:60] or "comparison"
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response
