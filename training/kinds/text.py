"""Plain text: what a model goes on learning the language from.

Sample: {"text": "The quick brown fox jumps over the lazy dog."}
"""

from collections.abc import Mapping
from typing import Any

from training.kinds import values
from training.kinds.kind import KINDS, Column, Kind
from training.rows import Row


def build(picked: Mapping[str, Any]) -> Row:
    return {"text": values.text(picked.get("text"), "text")}


KIND = KINDS.register("text")(
    Kind(
        name="text",
        title="Plain text",
        about="Pieces of text to learn the language from.",
        columns=(
            Column(
                "text",
                "One piece of text. Several columns are joined with a blank line.",
                "content sentence document article passage line",
            ),
        ),
        needs=(frozenset({"text"}),),
        build=build,
        prompt=lambda row: row["text"],
        texts=lambda row: {"text": row["text"]},
    )
)
