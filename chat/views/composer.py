"""Writing a message: plain or through a template, and how much of the window it takes."""

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from chat.forms import SettingsForm
from chat.models import Conversation, PromptTemplate, PromptTemplateVersion
from chat.services import context, fitting
from chat.services.answers import UserTurn
from chat.services.context import ChatError
from chat.services.prompt_templates import render_turn
from chat.views.common import apply_settings, conversation_of, person
from chat.views.files import attached, limits, waiting
from chat.views.template_use import FIELD, inputs_of, plain, use_of
from llmkit.prompts import PromptTemplateError, ways
from llmkit.types import EngineError, GenerationSettings

LONGEST_SHOWN = 20_000


def chosen_version(request: HttpRequest, data: QueryDict) -> PromptTemplateVersion | None:
    """The template version the request names, if the person may see it; else 404."""
    wanted = data.get("template", "")
    if not wanted:
        return None
    visible = PromptTemplate.objects.visible_to(person(request))
    try:
        found = PromptTemplateVersion.objects.select_related("template").get(
            pk=int(wanted), template__in=visible
        )
    except (ValueError, ObjectDoesNotExist) as error:
        raise Http404 from error
    return found


def suggested(version: PromptTemplateVersion) -> GenerationSettings:
    """The settings a template works best with; what it leaves open takes the default."""
    return GenerationSettings.from_dict(version.spec.get("settings") or {})


def turn_from(request: HttpRequest) -> UserTurn:
    """The person's turn from the composer's form. Raises ChatError with a sentence."""
    version = chosen_version(request, request.POST)
    documents = attached(request, request.POST)
    if version is None:
        return UserTurn(plain(request.POST.get("text", "")), documents=documents)
    inputs = inputs_of(request.POST)
    try:
        made = render_turn(version=version, inputs=inputs, use=use_of(request.POST))
    except (PromptTemplateError, EngineError) as error:
        raise ChatError(str(error)) from error
    alone = "with_conversation" not in request.POST
    use = {**made.use, "alone": alone}
    return UserTurn(made.text, made.messages, version, use, documents)


def composer_context(request: HttpRequest) -> dict[str, Any]:
    """The templates to choose from, and the chosen one with its fields."""
    version = chosen_version(request, request.GET)
    return {
        "templates": PromptTemplate.objects.visible_to(person(request)).with_latest_id(),
        "version": version,
        "suggested": suggested(version).to_dict()
        if version and version.spec.get("settings")
        else None,
        "use": _initial_use(version, request.GET) if version else None,
        "ways": [(name, ways.get(name).label) for name in ways],
        "files": waiting(request),
        **limits(),
    }


def _initial_use(version: PromptTemplateVersion, data: QueryDict) -> dict[str, Any]:
    """The shots that the address asks for, as the try page's link does, else the template's."""
    own = {**version.spec["shots"], "layout": version.spec["layout"]}
    if "choose" not in data:
        return own
    try:
        return own | use_of(data)
    except PromptTemplateError as error:
        raise Http404 from error


@require_GET
def composer(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """The composer with another template, or with none."""
    opened = conversation_of(request, conversation_id)
    shown = {"conversation": opened, "is_new": opened._state.adding, **composer_context(request)}
    return render(request, "chat/composer.html", shown)


@require_POST
def gauge(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """How full the window would be, what would be left out, and the exact prompt."""
    opened = conversation_of(request, conversation_id)
    form = SettingsForm(request.POST)
    if form.is_valid():
        apply_settings(opened, form)
    if not _has_input(request.POST):
        return HttpResponse()
    try:
        shown = _measured(opened, turn_from(request))
    except (ChatError, EngineError) as error:
        shown = {"sentence": str(error)}
    return render(request, "chat/gauge.html", shown)


def _has_input(data: QueryDict) -> bool:
    return any(
        str(value).strip()
        for name, value in data.items()
        if name in {"text", "document"} or name.startswith(FIELD)
    )


def _measured(opened: Conversation, turn: UserTurn) -> dict[str, Any]:
    asked = turn.unsaved(opened, opened.leaf)
    turns = [*context.before(asked), turn.as_turn(asked)]
    fit = async_to_sync(context.fit_branch)(opened, turns)
    prompt = fit.rendered or "\n\n".join(f"{m.role}: {m.content}" for m in fit.messages)
    room = fitting.budget(fit.window, opened.generation_settings) if fit.window else None
    return {
        "fit": fit,
        "room": room,
        "percent": min(100, round(100 * (fit.tokens or 0) / room)) if room else None,
        "prompt": prompt[:LONGEST_SHOWN],
        "cut": max(0, len(prompt) - LONGEST_SHOWN),
        "dropped": len(fit.dropped),
    }
