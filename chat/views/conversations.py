"""Renaming, pinning, deleting and bringing back conversations."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from chat.forms import RenameForm
from chat.models import Conversation
from chat.services import conversations
from chat.views.common import conversation_of, person, refusal


@require_POST
def rename(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    opened = conversation_of(request, conversation_id)
    form = RenameForm(request.POST)
    if not form.is_valid():
        return refusal(request, "A name has at most 200 characters.")
    conversations.rename(conversation=opened, title=form.cleaned_data["title"])
    return _header(request, opened)


@require_POST
def pin(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Pin it, or unpin it if it is pinned."""
    opened = conversation_of(request, conversation_id)
    opened.pinned = not opened.pinned
    conversations.set_pinned(conversation=opened, pinned=opened.pinned)
    return _header(request, opened)


@require_POST
def delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    opened = conversation_of(request, conversation_id)
    votes = conversations.delete(conversation=opened)
    undo = reverse("chat:restore", args=[opened.pk])
    said = f"Deleted “{opened}”." + (" Your votes in it count no more." if votes else "")
    messages.success(request, said, extra_tags=f"undo={undo}")
    return redirect("chat:home")


@require_POST
def restore(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Undo a deletion."""
    mine = Conversation.objects.deleted_by(person(request))
    conversations.restore(conversation=get_object_or_404(mine, pk=conversation_id))
    return redirect("chat:conversation", conversation_id)


def _header(request: HttpRequest, opened: Conversation) -> HttpResponse:
    response = render(request, "chat/page.html#header", {"conversation": opened})
    response["HX-Trigger"] = "conversations-changed"
    return response
