"""Pages for looking at prompt templates and trying them."""

import itertools
from typing import Any

from asgiref.sync import async_to_sync
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from chat import template_text
from chat.models import PromptTemplate, PromptTemplateVersion
from chat.services.fitting import Fit, count
from chat.services.prompt_templates import parsed, render_turn
from chat.views.common import person
from chat.views.template_use import inputs_of, use_of
from llmkit.numbers import whole_number
from llmkit.prompts import PromptTemplateError, Shots, ways
from llmkit.types import ChatMessage, EngineError, GenerationSettings
from training import engines

CHARACTERS_PER_TOKEN = 4
MAX_INPUT = 100_000
LONGEST_SHOWN = 20_000
PREVIEW = "chat/prompt_templates/preview.html"


def visible(request: HttpRequest, template_id: int) -> PromptTemplate:
    """A shipped template or the person's own; anyone else's does not exist."""
    return get_object_or_404(PromptTemplate.objects.visible_to(person(request)), pk=template_id)


def version_of(template: PromptTemplate, data: QueryDict) -> PromptTemplateVersion:
    """The version whose number the request names, else the latest."""
    asked = data.get("version", "")
    if not asked:
        return template.latest
    versions = template.versions.select_related("template")
    return get_object_or_404(versions, number=whole_number(asked))


@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    """The person's own templates and the shipped ones."""
    found = PromptTemplate.objects.visible_to(person(request)).prefetch_related("versions")
    rows = [_row(template) for template in found]
    return render(
        request,
        "chat/prompt_templates/list.html",
        {
            "own": [row for row in rows if row["template"].owner_id is not None],
            "shipped": [row for row in rows if row["template"].owner_id is None],
        },
    )


def _row(template: PromptTemplate) -> dict[str, Any]:
    latest = max(template.versions.all(), key=lambda version: version.number)
    return {
        "template": template,
        "version": latest,
        "shots": Shots.from_dict(latest.spec["shots"]).wanted,
        "examples": len(latest.spec["examples"]),
        "way": ways.get(latest.spec["shots"]["choose"]).label,
    }


@require_GET
def template(request: HttpRequest, template_id: int) -> HttpResponse:
    """One template, ready to be tried, with its examples."""
    found = visible(request, template_id)
    version = version_of(found, request.GET)
    spec = parsed(version)
    suggested = spec.suggested(GenerationSettings()).to_dict() if spec.settings else None
    return render(
        request,
        "chat/prompt_templates/detail.html",
        {
            "template": found,
            "version": version,
            "latest": found.latest,
            "spec": spec,
            "suggested": suggested,
            "ways": [(name, ways.get(name).label) for name in ways],
        },
    )


@require_POST
def preview(request: HttpRequest, template_id: int) -> HttpResponse:
    """The exact prompt of what stands in the form, with its token count."""
    version = version_of(visible(request, template_id), request.POST)
    try:
        inputs, blank = _with_stand_ins(version, _inputs(request.POST))
        turn = render_turn(version=version, inputs=inputs, use=use_of(request.POST))
    except PromptTemplateError as error:
        return render(request, PREVIEW, {"sentence": str(error)})
    messages = [ChatMessage(**message) for message in turn.messages]  # type: ignore[arg-type]
    fit = async_to_sync(_measured)(messages)
    shown = {
        "turn": turn,
        "fit": fit,
        "blank": blank,
        "used": [index + 1 for index in turn.used_examples],
        "prompt": (fit.rendered or "")[:LONGEST_SHOWN],
        "cut": max(0, len(fit.rendered or "") - LONGEST_SHOWN),
    }
    return render(request, PREVIEW, shown)


def _with_stand_ins(
    version: PromptTemplateVersion, inputs: dict[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The inputs with ‹Label› where nothing is written yet, and the labels of those fields."""
    blank = {
        field.name: field.label
        for field in parsed(version).fields
        if field.default is None and not inputs.get(field.name, "").strip()
    }
    return {**inputs, **{name: f"‹{label}›" for name, label in blank.items()}}, list(blank.values())


def _inputs(data: QueryDict) -> dict[str, str]:
    typed = inputs_of(data)
    if sum(map(len, typed.values())) > MAX_INPUT:
        raise PromptTemplateError(
            f"The preview takes up to {MAX_INPUT:,} characters; shorten the text."
        )
    return typed


async def _measured(messages: list[ChatMessage]) -> Fit:
    """Counted by the engine; guessed from the length, and said so, where none answers."""
    model = engines.preferred(await engines.models())
    try:
        tokens, window, text, estimate = await count(model, messages)
    except EngineError:
        size = sum(len(message.content) for message in messages)
        return Fit(model, messages, tokens=1 + size // CHARACTERS_PER_TOKEN, estimate=True)
    return Fit(model, messages, [], tokens, window, estimate, text)


@require_GET
def history(request: HttpRequest, template_id: int) -> HttpResponse:
    """All versions, newest first, each with what it changed."""
    found = visible(request, template_id)
    versions = list(found.versions.order_by("number"))
    changes = [
        {"version": new, "lines": list(template_text.differences(old.spec, new.spec))}
        for old, new in itertools.pairwise(versions)
    ]
    shown = {"template": found, "first": versions[0], "changes": changes[::-1]}
    return render(request, "chat/prompt_templates/history.html", shown)


@require_GET
def export(request: HttpRequest, template_id: int) -> HttpResponse:
    """A file that can be imported here or elsewhere."""
    found = visible(request, template_id)
    form = request.GET.get("format", "yaml")
    if form not in template_text.FORMATS:
        raise Http404
    text = template_text.exported(version_of(found, request.GET), form)
    response = HttpResponse(text, content_type=f"application/{form}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}.{form}"'
    return response
