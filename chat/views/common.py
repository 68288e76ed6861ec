"""What every chat view needs: the person, and their own objects or 404."""

from typing import Any, cast
from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.models import User
from chat.forms import SettingsForm
from chat.models import Column, Comparison, Conversation, Message
from llmkit.types import GenerationSettings
from training import engines

REFUSED = 422


def person(request: HttpRequest) -> User:
    """The signed-in person: the login middleware lets no one else through."""
    return cast(User, request.user)


def conversation_of(request: HttpRequest, conversation_id: UUID | None) -> Conversation:
    """Their conversation, or for None a new one that is saved with its first message."""
    if conversation_id is None:
        return Conversation(owner=person(request), settings=GenerationSettings().to_dict())
    return get_object_or_404(Conversation.objects.owned_by(person(request)), pk=conversation_id)


def message_of(request: HttpRequest, message_id: int) -> Message:
    mine = Message.objects.owned_by(person(request)).select_related("conversation__owner", "parent")
    return get_object_or_404(mine, pk=message_id)


def comparison_of(request: HttpRequest, comparison_id: UUID) -> Comparison:
    return get_object_or_404(Comparison.objects.owned_by(person(request)), pk=comparison_id)


def column_of(request: HttpRequest, column_id: int) -> Column:
    mine = Column.objects.owned_by(person(request))
    whole = mine.select_related(
        "comparison__owner", "conversation__leaf", "template_version__template", "kept"
    )
    return get_object_or_404(whole, pk=column_id)


def refusal(request: HttpRequest, sentence: str) -> HttpResponse:
    """One sentence for the person, shown where the page says; nothing was changed."""
    return render(request, "chat/refusal.html", {"sentence": sentence}, status=REFUSED)


def apply_settings(conversation: Conversation, form: SettingsForm) -> None:
    """Put a valid form's values onto the conversation, unsaved."""
    conversation.model = form.cleaned_data["model"]
    conversation.system_prompt = form.cleaned_data["system_prompt"]
    conversation.settings = form.generation_settings.to_dict()


def model_choices(wanted: str) -> dict[str, Any]:
    """What chat/model_options.html needs: the models by server, and the one that is chosen."""
    picker = async_to_sync(engines.picker)()
    model = engines.preferred(picker.names, wanted)
    return {"groups": picker.groups, "model": model, "served": model in picker.names}
