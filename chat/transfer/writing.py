"""Conversations out: JSON that can be read in again, and Markdown for people."""

from typing import Any

from chat.models import Conversation, Document, Generation, Message
from chat.services import context
from chat.transfer.files import FILE
from chat.transfer.reading import FORMAT

FACTS = ("model", "settings", "state", "finish_reason", "prompt_tokens", "completion_tokens")


def as_json(conversation: Conversation) -> dict[str, Any]:
    """The whole tree; parents and the open leaf are places in the list of messages."""
    said = conversation.messages.select_related("template_version__template")
    messages = list(said.prefetch_related("attachments__document"))
    places = {message.pk: place for place, message in enumerate(messages)}
    made = Generation.objects.filter(message__conversation=conversation).order_by("created_at")
    made_by = {generation.message_id: generation for generation in made}
    return {
        "format": FORMAT,
        "version": 1,
        "title": conversation.title,
        "model": conversation.model,
        "system_prompt": conversation.system_prompt,
        "settings": conversation.settings,
        "leaf": places.get(conversation.leaf_id or 0, len(messages) - 1),
        "messages": [_message(m, places, made_by.get(m.pk)) for m in messages],
    }


def _message(message: Message, places: dict[int, int], made: Generation | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "role": message.role,
        "text": message.text,
        "parent": places[message.parent_id] if message.parent_id else None,
        "created_at": message.created_at.isoformat(),
    }
    if files := [_file(a.document) for a in message.attachments.all()]:
        said["files"] = files
    if message.template_version:
        said |= {"template": str(message.template_version), "prompt": message.contribution}
    if made is not None:
        names = (
            "model",
            "settings",
            "state",
            "finish_reason",
            "prompt_tokens",
            "completion_tokens",
        )
        said["generation"] = {name: getattr(made, name) for name in names}
    return said


def _file(document: Document) -> dict[str, Any]:
    """The file as it was read; its bytes stay behind."""
    return {name: getattr(document, name) for name in FILE}


def as_markdown(conversation: Conversation) -> str:
    """The open branch, a heading for each turn."""
    parts = [f"# {conversation}"]
    if conversation.system_prompt:
        parts.append(f"> {conversation.system_prompt}".replace("\n", "\n> "))
    for message in context.branch(conversation.leaf):
        files = [a.document.name for a in message.attachments.all()]
        parts.append(f"## {message.get_role_display()}")
        parts += [f"*Attached: {', '.join(files)}*"] if files else []
        parts.append(message.text)
    return "\n\n".join(parts) + "\n"
