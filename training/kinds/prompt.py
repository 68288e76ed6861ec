"""Prompts only: what a model answers while it is trained with a reward, or for ranking.

Sample: {"messages": [{"role": "user", "content": "Tell me about foxes."}]}
"""

from collections.abc import Mapping
from typing import Any

from training.kinds import values
from training.kinds.kind import KINDS, Column, Kind
from training.rows import Row


def build(picked: Mapping[str, Any]) -> Row:
    said = picked.get("messages", picked.get("prompt"))
    return {"messages": values.prompt(said, picked.get("system"))}


KIND = KINDS.register("prompt")(
    Kind(
        name="prompt",
        title="Prompts only",
        about="Prompts without answers, for training with a reward.",
        columns=(
            Column("messages", "The turns so far, as a list of {role, content}."),
            Column(
                "prompt",
                "What is asked. Several columns are joined with a blank line.",
                "instruction question query input dialogue problem",
                (("instruction", "input"), ("context", "question")),
            ),
            Column("system", "What the model is told before everything else.", "systemprompt"),
        ),
        needs=(frozenset({"messages", "prompt"}),),
        build=build,
        prompt=lambda row: values.root_turn(row["messages"]),
        texts=lambda row: {"prompt": values.spoken(row["messages"])},
    )
)
