"""One column of a comparison: its setup, its exact prompt, keeping its answer, removing it."""

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat.forms import SettingsForm
from chat.models import Column, Preset, PromptTemplate, PromptTemplateVersion
from chat.services import asking, comparisons, counting, exact_prompt
from chat.services.comparisons import Setup
from chat.services.context import ChatError
from chat.views.common import column_of, model_choices, person, refusal
from chat.views.comparisons import changed_body, page_context
from chat.views.composer import chosen_version
from chat.views.template_use import inputs_of, plain, use_of
from llmkit.numbers import whole_number
from llmkit.prompts import PromptTemplateError, ways

SETUP = "chat/comparisons/setup.html"


@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest, column_id: int) -> HttpResponse:
    """The form of a column's setup; posting keeps it and answers with all columns' heads."""
    column = column_of(request, column_id)
    if request.method == "GET":
        return render(request, SETUP, setup_context(request, column))
    form = SettingsForm(request.POST, auto_id=auto_id(column))
    preset = _preset(request)
    if not form.is_valid():
        return refusal(request, form.first_error)
    try:
        wanted = _setup(request, column, form)
    except PromptTemplateError as error:
        return refusal(request, str(error))
    if preset is not None:
        wanted = Setup(**{**vars(wanted), "settings": preset.generation_settings})
    before = column.template_version_id
    comparisons.change(column=column, setup=wanted)
    column = column_of(request, column_id)
    shown = page_context(column.comparison) | setup_context(request, column)
    shown |= {
        "template_changed": column.template_version_id != before,
        "preset_used": preset is not None,
    }
    return render(request, f"{SETUP}#changed", shown)


def auto_id(column: Column) -> str:
    return f"c{column.pk}_%s"


def setup_context(request: HttpRequest, column: Column) -> dict[str, Any]:
    conversation, version = column.conversation, column.template_version
    initial = SettingsForm.values(conversation.generation_settings, conversation)
    return model_choices(conversation.model) | {
        "column": column,
        "form": SettingsForm(initial=initial, auto_id=auto_id(column)),
        "presets": Preset.objects.owned_by(person(request)),
        "templates": PromptTemplate.objects.visible_to(person(request)).with_latest_id(),
        "version": version,
        "use": column.use,
        "fields": _other_fields(column, version) if version else [],
        "ways": [(name, ways.get(name).label) for name in ways],
    }


def _other_fields(column: Column, version: PromptTemplateVersion) -> list[dict[str, Any]]:
    """The template's fields without the one that the question goes into."""
    question = asking.question_field(version.spec)
    return [
        {**field, "value": column.inputs.get(field["name"], field["default"] or "")}
        for field in version.spec["fields"]
        if field["name"] != question
    ]


def _setup(request: HttpRequest, column: Column, form: SettingsForm) -> Setup:
    """What the form says. A template chosen anew begins with its own shots and layout."""
    version = chosen_version(request, request.POST)
    use: dict[str, Any] = {}
    inputs: dict[str, str] = {}
    if version is not None and version.pk == column.template_version_id:
        use, inputs = use_of(request.POST), inputs_of(request.POST)
    elif version is not None:
        use = {**version.spec["shots"], "layout": version.spec["layout"]}
    return Setup(
        model=form.cleaned_data["model"],
        system_prompt=form.cleaned_data["system_prompt"],
        settings=form.generation_settings,
        template_version=version,
        use=use,
        inputs=inputs,
    )


def _preset(request: HttpRequest) -> Preset | None:
    wanted = request.POST.get("preset", "")
    if not wanted:
        return None
    mine = Preset.objects.owned_by(person(request))
    return get_object_or_404(mine, pk=whole_number(wanted))


@require_POST
def ask(request: HttpRequest, column_id: int) -> HttpResponse:
    """Ask this column alone: the first question, or its latest one again."""
    column = column_of(request, column_id)
    try:
        asking.ask_column(column=column)
    except ChatError as error:
        return refusal(request, str(error))
    return changed_body(request, column.comparison)


@require_POST
def keep(request: HttpRequest, column_id: int) -> HttpResponse:
    """Go on from this answer in a conversation of its own."""
    column = column_of(request, column_id)
    try:
        kept = comparisons.keep(column=column)
    except ChatError as error:
        messages.error(request, str(error))
        return redirect(column.comparison)
    messages.success(request, "Kept. The other answers stay in the comparison.")
    return redirect(kept)


@require_GET
def prompt(request: HttpRequest, column_id: int) -> HttpResponse:
    """The exact prompt: what was sent for the newest answer, else what would be sent now."""
    column = column_of(request, column_id)
    text = plain(request.GET.get("question", ""))
    leaf = column.conversation.leaf
    made = leaf.generations.order_by("created_at").last() if leaf else None
    if made is not None:
        sent = async_to_sync(exact_prompt.sent)(made)
    elif text.strip():
        measured = async_to_sync(counting.measure_all)(counting.prompts_for([column], text))
        sent = measured[0]
    else:
        return refusal(request, "Write a question first.")
    turn = leaf.parent if made and leaf else None
    use, version = (turn.template_use, turn.template_version) if turn else (None, None)
    parts = exact_prompt.marked(sent, version, use)
    kinds = dict.fromkeys(part.kind for part in parts if part.label)
    shown = {"prompt": sent, "parts": parts, "kinds": list(kinds)}
    return render(request, "chat/comparisons/prompt.html", shown)


@require_POST
def remove(request: HttpRequest, column_id: int) -> HttpResponse:
    column = column_of(request, column_id)
    try:
        comparisons.remove_column(column=column)
    except ChatError as error:
        return refusal(request, str(error))
    undo = reverse("chat:column-restore", args=[column.pk])
    messages.success(request, "Column removed.", extra_tags=f"undo={undo}")
    response = HttpResponse()
    response["HX-Redirect"] = column.comparison.get_absolute_url()
    return response


@require_POST
def restore(request: HttpRequest, column_id: int) -> HttpResponse:
    """Undo the removal of a column."""
    removed = Column.objects.filter(
        comparison__owner=person(request),
        comparison__deleted_at=None,
        conversation__deleted_at__isnull=False,
    )
    column = get_object_or_404(removed.select_related("comparison", "conversation"), pk=column_id)
    try:
        comparisons.restore_column(column=column)
    except ChatError as error:
        messages.error(request, str(error))
    return redirect(column.comparison)
