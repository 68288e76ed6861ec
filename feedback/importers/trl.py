"""TRL's preference formats: explicit and implicit prompt, plain or conversational, and unpaired.

Samples:
    {"prompt": "The sky is", "chosen": " blue.", "rejected": " green."}
    {"chosen": [{"role": "user", …}, {"role": "assistant", …}], "rejected": […]}
    {"prompt": "The sky is", "completion": " blue.", "label": true}

In the implicit form the prompt is what both have in common: whole messages, or for plain text the
longest common beginning that ends at white space.
"""

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from feedback.importers import hh_rlhf
from feedback.importers.rows import (
    FORMATS,
    Answer,
    Imported,
    Message,
    RowError,
    distinct,
    messages_of,
    one_over_the_other,
    text_of,
)
from feedback.rules.pairs import Ranking


@FORMATS.register("trl")
def read(number: int, data: dict[str, Any]) -> Iterator[Imported | RowError]:
    if "label" in data:
        yield unpaired(number, data)
    elif "prompt" not in data and is_transcript(data.get("chosen")):
        yield from hh_rlhf.read(number, data)
    else:
        yield paired(number, data)


def is_transcript(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip("\n").startswith("Human:")


def paired(number: int, data: dict[str, Any]) -> Imported:
    prompt, chosen, rejected = explicit(data) if "prompt" in data else implicit(data)
    return Imported(
        number=number,
        task="",
        messages=prompt,
        answers=distinct([Answer(chosen), Answer(rejected)]),
        annotator="trl",
        ranking=one_over_the_other(),
    )


def unpaired(number: int, data: dict[str, Any]) -> Imported:
    if not isinstance(data["label"], bool):
        raise RowError("label is neither true nor false")
    bad = not data["label"]
    return Imported(
        number=number,
        task="",
        messages=prompt_of(data.get("prompt")),
        answers=distinct([Answer(completion_of(data.get("completion")))]),
        annotator="trl",
        ranking=Ranking(1, ((0,),), unacceptable=frozenset({0} if bad else ()), all_bad=bad),
    )


def explicit(data: dict[str, Any]) -> tuple[tuple[Message, ...], str, str]:
    chosen, rejected = (completion_of(data.get(name)) for name in ("chosen", "rejected"))
    return prompt_of(data["prompt"]), chosen, rejected


def implicit(data: dict[str, Any]) -> tuple[tuple[Message, ...], str, str]:
    chosen, rejected = data.get("chosen"), data.get("rejected")
    if isinstance(chosen, str) and isinstance(rejected, str):
        return common_beginning(chosen, rejected)
    better, worse = messages_of(chosen), messages_of(rejected)
    if better[:-1] != worse[:-1]:
        raise RowError("prompts differ")
    return prompt_of(list(better[:-1])), completion_of([better[-1]]), completion_of([worse[-1]])


def common_beginning(chosen: str, rejected: str) -> tuple[tuple[Message, ...], str, str]:
    same = takewhile(lambda both: both[0] == both[1], zip(chosen, rejected, strict=False))
    shared = "".join(mark for mark, _ in same)
    end = max((i + 1 for i, mark in enumerate(shared) if mark.isspace()), default=0)
    if not shared[:end].strip():
        raise RowError("prompts differ")
    return prompt_of(chosen[:end]), chosen[end:], rejected[end:]


def prompt_of(value: Any) -> tuple[Message, ...]:
    if isinstance(value, str):
        if not value.strip():
            raise RowError("the prompt is missing")
        return ({"role": "user", "content": text_of(value, "the prompt is missing")},)
    return messages_of(value)


def completion_of(value: Any) -> str:
    """A text, or a list that holds the assistant's one message."""
    if isinstance(value, list):
        messages = messages_of(value)
        if len(messages) != 1 or messages[0]["role"] != "assistant":
            raise RowError("a completion is not one assistant's message")
        return messages[0]["content"]
    return text_of(value, "a completion is missing")
