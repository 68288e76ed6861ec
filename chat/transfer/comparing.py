"""Comparisons out: every column's conversation as JSON, or the answers side by side to read."""

from typing import Any

from chat.columns import shown_comparison
from chat.models import Comparison
from chat.services import context
from chat.services.comparisons import columns_of
from chat.transfer.writing import as_json as conversation_as_json

FORMAT = "llmsite.comparison"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Each column holds a conversation that can be imported by itself."""
    shown = shown_comparison(comparison, [])
    return {
        "format": FORMAT,
        "version": 1,
        "title": comparison.title,
        "kind": comparison.kind,
        "question": comparison.question,
        "asked_at": comparison.asked_at.isoformat() if comparison.asked_at else None,
        "columns": [
            {
                "name": column.name,
                "template": str(column.column.template_version or "") or None,
                "use": column.column.use,
                "kept": column.is_kept,
                "conversation": conversation_as_json(column.column.conversation),
            }
            for column in shown.columns
        ],
    }


def as_markdown(comparison: Comparison) -> str:
    """The question, then a heading and the turns of each column."""
    shown = shown_comparison(comparison, [])
    parts = [f"# {comparison}", f"> {comparison.question}".replace("\n", "\n> ")]
    parts.append(f"All columns: {', '.join(shown.shared)}.")
    names = {column.column.pk: column.name for column in shown.columns}
    for column in columns_of(comparison):
        parts.append(f"## {names[column.pk]}")
        for message in context.branch(column.conversation.leaf)[column.shared :]:
            said = message.text
            parts.append(said if message.role == "assistant" else f"**You:** {said}")
    return "\n\n".join(parts) + "\n"
