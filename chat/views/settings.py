"""The side panel: model, system prompt, generation settings and presets."""

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from chat.forms import PresetForm, SettingsForm
from chat.models import Conversation, Preset
from chat.services import conversations
from chat.views.common import apply_settings, conversation_of, person, refusal
from chat.views.composer import chosen_version, suggested
from chat.views.reward_lens import lens_context
from llmkit.numbers import whole_number
from llmkit.types import GenerationSettings
from training import engines


def settings_context(
    conversation: Conversation, picker: engines.Picker, settings: GenerationSettings | None = None
) -> dict[str, Any]:
    """The panel's form, with `settings` in place of the conversation's where given."""
    names = picker.names
    model = engines.preferred(names, conversation.model)
    initial = SettingsForm.values(settings or conversation.generation_settings, conversation)
    return {
        "form": SettingsForm(initial=initial),
        "model": model,
        "groups": picker.groups,
        "served": model in names,
        **lens_context(conversation.owner),
    }


@require_POST
def save(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Keep the panel's values; the response is a word or the first thing that is wrong."""
    opened = conversation_of(request, conversation_id)
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return refusal(request, form.first_error)
    apply_settings(opened, form)
    opened.save(update_fields=["model", "system_prompt", "settings", "updated_at"])
    return render(request, "chat/settings.html#saved", {"conversation": opened})


@require_POST
def save_preset(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """Keep the panel's generation settings under a name."""
    opened = conversation_of(request, conversation_id)
    form, named = SettingsForm(request.POST), PresetForm(request.POST)
    if not named.is_valid():
        return refusal(request, "Give the preset a name of 1 to 60 characters.")
    if not form.is_valid():
        return refusal(request, form.first_error)
    preset = conversations.save_preset(
        owner=person(request),
        name=named.cleaned_data["name"],
        settings=form.generation_settings,
    )
    return _presets(request, opened, f"Preset “{preset.name}” saved.")


@require_POST
def delete_preset(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    opened, preset = conversation_of(request, conversation_id), _preset(request)
    preset.delete()
    return _presets(request, opened, f"Preset “{preset.name}” deleted.")


@require_POST
def apply_preset(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The panel's fields with a preset's values."""
    return _applied(request, conversation_id, _preset(request).settings)


@require_POST
def apply_suggested(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The panel's fields with what the chosen template suggests."""
    version = chosen_version(request, request.POST)
    if version is None:
        raise Http404
    return _applied(request, conversation_id, suggested(version).to_dict())


def _applied(
    request: HttpRequest, conversation_id: UUID | None, settings: dict[str, Any]
) -> HttpResponse:
    """The fields with other settings, which a conversation that exists keeps at once."""
    opened = conversation_of(request, conversation_id)
    opened.settings = settings
    if not opened._state.adding:
        opened.save(update_fields=["settings", "updated_at"])
    picker = async_to_sync(engines.picker)()
    context = {"conversation": opened, "applied": True, **settings_context(opened, picker)}
    return render(request, "chat/settings.html#fields", context)


def _preset(request: HttpRequest) -> Preset:
    wanted = request.POST.get("preset", "")
    mine = Preset.objects.owned_by(person(request))
    return get_object_or_404(mine, pk=whole_number(wanted))


def _presets(request: HttpRequest, opened: Conversation, said: str) -> HttpResponse:
    context = {
        "conversation": opened,
        "presets": Preset.objects.owned_by(person(request)),
        "said": said,
    }
    return render(request, "chat/settings.html#presets", context)
