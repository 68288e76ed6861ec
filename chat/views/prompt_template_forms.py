"""Writing prompt templates: new, edited, copied, imported, archived."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from chat import template_text
from chat.models import PromptTemplate
from chat.services import prompt_templates as service
from chat.template_drafts import Draft
from chat.views.common import REFUSED, person
from chat.views.prompt_templates import version_of, visible
from llmkit.prompts import PromptTemplateError, ways

FORM = "chat/prompt_templates/form.html"


def own(request: HttpRequest, template_id: int) -> PromptTemplate:
    """The person's own template; shipped ones and other people's can't be changed: 404."""
    return get_object_or_404(PromptTemplate.objects.owned_by(person(request)), pk=template_id)


def _page(
    request: HttpRequest, draft: Draft, template: PromptTemplate | None = None, sentence: str = ""
) -> HttpResponse:
    shown = {
        "draft": draft,
        "template": template,
        "next_number": template.latest.number + 1 if template else 1,
        "sentence": sentence,
        "ways": [(name, ways.get(name).label) for name in ways],
    }
    return render(request, FORM, shown, status=REFUSED if sentence else 200)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A form for a template of one's own."""
    if request.method == "GET":
        return _page(request, Draft.blank())
    draft = Draft.posted(request.POST)
    try:
        made = service.create_template(
            owner=person(request),
            name=draft.name,
            description=draft.description,
            spec=draft.spec(),
        )
    except PromptTemplateError as error:
        return _page(request, draft, sentence=str(error))
    messages.success(request, f"Template “{made.name}” saved.")
    return redirect("chat:template", made.pk)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, template_id: int) -> HttpResponse:
    """The form filled with the latest version; saving makes the next one."""
    template = own(request, template_id)
    if request.method == "GET":
        return _page(request, Draft.of(template.latest), template=template)
    draft = Draft.posted(request.POST)
    try:
        version = service.add_version(
            template=template,
            name=draft.name,
            description=draft.description,
            spec=draft.spec(),
        )
    except PromptTemplateError as error:
        return _page(request, draft, template=template, sentence=str(error))
    messages.success(request, f"Saved as version {version.number}.")
    return redirect("chat:template", template.pk)


@require_POST
def shape(request: HttpRequest) -> HttpResponse:
    """The form's rows after one was added, moved or removed; nothing is saved."""
    draft = Draft.posted(request.POST).reshaped(request.POST.get("action", ""))
    return render(request, f"{FORM}#rows", {"draft": draft})


@require_POST
def copy(request: HttpRequest, template_id: int) -> HttpResponse:
    """A template of one's own that begins as the one shown."""
    version = version_of(visible(request, template_id), request.POST)
    made = service.copy_template(version=version, owner=person(request))
    messages.success(request, "Copied. This one is yours to change.")
    return redirect("chat:template-edit", made.pk)


@require_POST
def import_template(request: HttpRequest) -> HttpResponse:
    """A template from an exported file."""
    upload = request.FILES.get("file")
    try:
        if upload is None or upload.size is None or upload.size > template_text.MAX_IMPORT:
            raise PromptTemplateError("Choose a template's file of at most 200 kB.")
        name, description, spec = template_text.imported(_decoded(upload.read()))
        made = service.create_template(
            owner=person(request), name=name, description=description, spec=spec
        )
    except PromptTemplateError as error:
        messages.error(request, f"Nothing was imported. {error}")
        return redirect("chat:templates")
    messages.success(request, f"Template “{made.name}” imported.")
    return redirect("chat:template", made.pk)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PromptTemplateError("The file is not UTF-8 text.") from error


@require_POST
def archive(request: HttpRequest, template_id: int) -> HttpResponse:
    """Off the list, with undo."""
    template = own(request, template_id)
    service.archive(template=template)
    undo = reverse("chat:template-restore", args=[template.pk])
    messages.success(request, f"Template “{template.name}” archived.", extra_tags=f"undo={undo}")
    return redirect("chat:templates")


@require_POST
def restore(request: HttpRequest, template_id: int) -> HttpResponse:
    """Back on the list."""
    mine = PromptTemplate.objects.filter(owner=person(request))
    template = get_object_or_404(mine, pk=template_id)
    service.restore(template=template)
    messages.success(request, f"Template “{template.name}” is back.")
    return redirect("chat:template", template.pk)
