"""The shot ladder's form: a template, one input, how many shots, and how they are chosen."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from chat.forms import SettingsForm
from chat.models import Comparison, PromptTemplate, PromptTemplateVersion
from chat.services.context import ChatError
from chat.services.shot_ladder import start_ladder
from chat.views.common import REFUSED, model_choices, person, refusal
from chat.views.composer import chosen_version, suggested
from chat.views.template_use import FIELD, inputs_of, use_of
from llmkit.prompts import PromptTemplateError, ways
from llmkit.types import GenerationSettings

PAGE = "chat/comparisons/ladder.html"


@require_http_methods(["GET", "POST"])
def ladder(request: HttpRequest) -> HttpResponse:
    """The form, filled with what the address or a refused post says; a good post is answered."""
    if request.method == "GET":
        return render(request, PAGE, _form(request, request.GET))
    version = chosen_version(request, request.POST)
    try:
        started = _started(request, version)
    except (ChatError, PromptTemplateError) as error:
        return _refused(request, str(error))
    if "HX-Request" not in request.headers:
        return redirect(started)
    response = HttpResponse()
    response["HX-Redirect"] = started.get_absolute_url()
    return response


def _refused(request: HttpRequest, sentence: str) -> HttpResponse:
    if "HX-Request" in request.headers:
        return refusal(request, sentence)
    page = _form(request, request.POST) | {"sentence": sentence}
    return render(request, PAGE, page, status=REFUSED)


def _started(request: HttpRequest, version: PromptTemplateVersion | None) -> Comparison:
    if version is None:
        raise ChatError("Choose a template first.")
    return start_ladder(
        owner=person(request),
        version=version,
        inputs=inputs_of(request.POST),
        use=use_of(request.POST),
        model=request.POST.get("model", "")[:200],
        settings=_settings(request.POST, version),
    )


def _settings(data: QueryDict, version: PromptTemplateVersion) -> GenerationSettings:
    """The composer's, where it posts them; else what the template works best with."""
    if "decoding" not in data:
        return suggested(version)
    form = SettingsForm(data)
    if not form.is_valid():
        raise ChatError(form.first_error)
    return form.generation_settings


def _form(request: HttpRequest, data: QueryDict) -> dict[str, Any]:
    version = chosen_version(request, data)
    return model_choices(data.get("model", "")) | {
        "templates": PromptTemplate.objects.visible_to(person(request)).with_latest_id(),
        "version": version,
        "fields": _fields(version, data) if version else [],
        "use": _use(version, data) if version else {},
        "suggested": suggested(version).to_dict() if version else None,
        "ways": [(name, ways.get(name).label) for name in ways],
    }


def _fields(version: PromptTemplateVersion, data: QueryDict) -> list[dict[str, Any]]:
    return [
        {**field, "value": data.get(f"{FIELD}{field['name']}", field["default"] or "")}
        for field in version.spec["fields"]
    ]


def _use(version: PromptTemplateVersion, data: QueryDict) -> dict[str, Any]:
    own = {**version.spec["shots"], "layout": version.spec["layout"]}
    try:
        return own | use_of(data) if "choose" in data else own
    except PromptTemplateError:
        return own
