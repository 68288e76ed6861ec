"""OpenAssistant's message trees: every group of ranked sibling replies is one ranking.

Sample: {"prompt": {"text": "Hi", "role": "prompter", "replies": [{"text": "Hello", "role":
"assistant", "rank": 0, "replies": []}, {"text": "No", "role": "assistant", "rank": 1}]}}

A group counts when every reply in it has a rank; a group with a rank missing is refused by name.
Groups of one reply, and replies nobody ranked, say nothing and are passed over.
"""

from collections.abc import Iterator
from typing import Any

from feedback.importers.rows import (
    FORMATS,
    Answer,
    Imported,
    Message,
    RowError,
    checked,
    distinct,
    text_of,
)
from feedback.rules.pairs import Ranking

ROLE = {"prompter": "user", "assistant": "assistant"}
Node = dict[str, Any]


@FORMATS.register("oasst")
def read(number: int, data: dict[str, Any]) -> Iterator[Imported | RowError]:
    root = data.get("prompt")
    if not isinstance(root, dict):
        raise RowError("the tree has no prompt")
    for path, replies in ranked_groups(root, ()):
        try:
            yield group(number, path, replies)
        except RowError as fault:
            yield fault


def ranked_groups(
    node: Node, above: tuple[Node, ...]
) -> Iterator[tuple[tuple[Node, ...], list[Node]]]:
    """Every group of two or more replies of which at least one is ranked, with what led to it."""
    path = (*above, node)
    found = node.get("replies") or []
    if not isinstance(found, list):
        raise RowError("the replies are not a list")
    replies = [reply for reply in found if isinstance(reply, dict)]
    if len(replies) > 1 and any(reply.get("rank") is not None for reply in replies):
        yield path, replies
    for reply in replies:
        yield from ranked_groups(reply, path)


def group(number: int, path: tuple[Node, ...], replies: list[Node]) -> Imported:
    if any(not isinstance(reply.get("rank"), int) for reply in replies):
        raise RowError("not every reply is ranked")
    places = sorted({reply["rank"] for reply in replies})
    tiers = tuple(
        tuple(i for i, reply in enumerate(replies) if reply["rank"] == place) for place in places
    )
    return Imported(
        number=number,
        task=name_of(path[-1]) or f"{number}.{len(path)}",
        messages=tuple(message(node) for node in path),
        answers=distinct([answer(reply) for reply in replies]),
        annotator="oasst",
        ranking=checked(Ranking(len(replies), tiers)),
    )


def name_of(node: Node) -> str:
    return text_of(str(node.get("message_id") or "")[:200], "a message has no id")


def message(node: Node) -> Message:
    role = ROLE.get(str(node.get("role")))
    if role is None:
        raise RowError("a message has no known role")
    return {
        "role": role,
        "content": text_of(node.get("text"), "a message has no text"),
    }


def answer(reply: Node) -> Answer:
    made_by = reply.get("model_name")
    model = text_of(made_by, "a model has no name") if isinstance(made_by, str) else ""
    return Answer(text_of(reply.get("text"), "a reply has no text"), model)
