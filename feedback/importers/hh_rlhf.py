"""Anthropic's hh-rlhf: {"chosen", "rejected"}, two whole transcripts that share their prompt.

Sample: {"chosen": "\\n\\nHuman: Hi\\n\\nAssistant: Hello!",
"rejected": "\\n\\nHuman: Hi\\n\\nAssistant: No."}

The prompt is everything before the last Assistant turn and must be the same in both, turn by turn.
Then turns of one role in a row are joined with a blank line, as the row says nothing else about
them; such rows are counted as repaired.
"""

import re
from collections.abc import Iterator
from typing import Any

from feedback.importers.rows import (
    FORMATS,
    Answer,
    Imported,
    Message,
    RowError,
    distinct,
    joined,
    one_over_the_other,
    text_of,
)

ROLE = {"Human": "user", "Assistant": "assistant"}
TURN = re.compile(r"\n\n(Human|Assistant):")
JOINED = "turns of one role in a row were joined"


@FORMATS.register("hh-rlhf")
def read(number: int, data: dict[str, Any]) -> Iterator[Imported | RowError]:
    chosen, rejected = (
        turns_of(text_of(data.get(name), f"{name} is missing")) for name in ("chosen", "rejected")
    )
    if chosen[:-1] != rejected[:-1]:
        raise RowError("prompts differ")
    if not chosen[-1]["content"] or not rejected[-1]["content"]:
        raise RowError("empty completion")
    better, worse = joined(chosen), joined(rejected)
    yield Imported(
        number=number,
        task="",
        messages=better[:-1],
        answers=distinct([Answer(better[-1]["content"]), Answer(worse[-1]["content"])]),
        annotator="hh-rlhf",
        ranking=one_over_the_other(),
        repaired=JOINED if len(better) < len(chosen) else "",
    )


def turns_of(transcript: str) -> list[Message]:
    """The turns; a fault unless it begins with Human and ends with Assistant."""
    head, *parts = TURN.split(transcript)
    turns = [
        {"role": ROLE[name], "content": text.strip()}
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    ]
    if head.strip() or not turns or turns[0]["role"] != "user":
        raise RowError("the transcript does not begin with a Human turn")
    if turns[-1]["role"] != "assistant":
        raise RowError("the transcript does not end with an Assistant turn")
    return turns
