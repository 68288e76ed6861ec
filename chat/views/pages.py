"""The chat's pages: conversations and their list."""

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from chat.models import Column, Conversation, Preset
from chat.thread import shown_branch, shown_thread
from chat.views.common import conversation_of, person
from chat.views.composer import composer_context
from chat.views.settings import settings_context
from chat.views.template_use import plain
from training import engines

LISTED = 40


def list_context(request: HttpRequest) -> dict[str, Any]:
    """One page of the person's conversations, searched where they typed something."""
    words = plain(request.GET.get("q", "")).strip()[:200]
    found = Conversation.objects.owned_by(person(request)).listed().newest_first()
    found = found.search(words) if words else found
    page = Paginator(found, LISTED).get_page(request.GET.get("page"))
    return {"conversations": page, "q": words}


@require_GET
def conversation(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """A conversation, or the page that starts a new one."""
    opened = conversation_of(request, conversation_id)
    column = Column.objects.filter(conversation=opened.pk).first()
    if column is not None:
        return redirect(column.comparison)
    picker = async_to_sync(engines.picker)()
    context = {
        "conversation": opened,
        "is_new": opened._state.adding,
        "thread": [] if opened._state.adding else shown_branch(opened),
        "presets": Preset.objects.owned_by(person(request)),
        **list_context(request),
        **settings_context(opened, picker),
        **composer_context(request),
    }
    return render(request, "chat/page.html", context)


@require_GET
def conversations(request: HttpRequest) -> HttpResponse:
    """The list as a fragment, for searching and for more of it."""
    return render(request, "chat/list.html", list_context(request))


@require_GET
def thread(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The open branch as a fragment, for other tabs to follow a change."""
    opened = conversation_of(request, conversation_id)
    return render(
        request, "chat/thread.html", {"conversation": opened, "thread": shown_thread(opened)}
    )
