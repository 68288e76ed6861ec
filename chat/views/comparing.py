"""Beginning a comparison: from nothing, from the composer, or from an answer."""

from collections.abc import Sequence
from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from chat.forms import SettingsForm
from chat.models import Comparison, Conversation, Document, Message
from chat.services import comparisons
from chat.services.asking import question_field
from chat.services.comparisons import Setup, beside
from chat.services.context import ChatError
from chat.views.common import apply_settings, conversation_of, message_of, person, refusal
from chat.views.composer import chosen_version
from chat.views.files import attached
from chat.views.template_use import inputs_of, plain, use_of
from llmkit.prompts import PromptTemplateError
from training import engines


@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """Two columns that are worth comparing, to be changed before they are asked."""
    opened = conversation_of(request, None)
    return redirect(_begun(request, setup_of(opened)))


@require_POST
def from_composer(request: HttpRequest, conversation_id: UUID | None = None) -> HttpResponse:
    """What stands in the composer and the settings, behind the open branch."""
    opened = conversation_of(request, conversation_id)
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return refusal(request, form.first_error)
    apply_settings(opened, form)
    try:
        setup, question = _composed(request, opened)
        files = attached(request, request.POST)
    except ChatError as error:
        return refusal(request, str(error))
    response = HttpResponse()
    response["HX-Redirect"] = _begun(
        request,
        setup,
        question=question,
        origin=opened.leaf,
        documents=files,
    ).get_absolute_url()
    return response


@require_POST
def from_message(request: HttpRequest, message_id: int) -> HttpResponse:
    """The question that led to an answer (or the message itself), behind what came before it."""
    found = message_of(request, message_id)
    asked = found if found.role == Message.Role.USER else found.parent
    question = asked.text if asked else ""
    origin = asked.parent if asked else None
    setup = _asked_setup(found.conversation, asked)
    if setup.template_version and asked and asked.template_use:
        inputs = asked.template_use.get("inputs", {})
        question = inputs.get(question_field(setup.template_version.spec), question)
    files = [a.document for a in asked.attachments.all()] if asked else []
    return redirect(_begun(request, setup, question=question, origin=origin, documents=files))


def setup_of(conversation: Conversation) -> Setup:
    return Setup(conversation.model, conversation.system_prompt, conversation.generation_settings)


def _begun(
    request: HttpRequest,
    first: Setup,
    *,
    question: str = "",
    origin: Message | None = None,
    documents: Sequence[Document] = (),
) -> Comparison:
    names = async_to_sync(engines.models)()
    model = engines.preferred(names, first.model)
    first = Setup(**{**vars(first), "model": model})
    return comparisons.start(
        owner=person(request),
        setups=[first, beside(first, names)],
        question=question,
        origin=origin,
        documents=documents,
    )


def _composed(request: HttpRequest, opened: Conversation) -> tuple[Setup, str]:
    """The column and the question that the composer's form describes. Raises ChatError."""
    version, setup = chosen_version(request, request.POST), setup_of(opened)
    if version is None:
        return setup, plain(request.POST.get("text", ""))
    inputs = inputs_of(request.POST)
    question = inputs.pop(question_field(version.spec), "")
    try:
        use = use_of(request.POST)
    except PromptTemplateError as error:
        raise ChatError(str(error)) from error
    return (
        Setup(**{**vars(setup), "template_version": version, "use": use, "inputs": inputs}),
        question,
    )


def _asked_setup(conversation: Conversation, asked: Message | None) -> Setup:
    """As the conversation is set now, with the template that the question came from."""
    setup = setup_of(conversation)
    version = asked.template_version if asked else None
    if asked is None or version is None or not asked.template_use:
        return setup
    used = asked.template_use
    inputs = {k: v for k, v in used["inputs"].items() if k != question_field(version.spec)}
    use = {name: used[name] for name in ("count", "choose", "seed", "picked", "layout")}
    return Setup(**{**vars(setup), "template_version": version, "use": use, "inputs": inputs})
