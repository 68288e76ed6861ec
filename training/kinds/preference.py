"""Preference pairs: two answers to one prompt, the better one known.

Sample: {"messages": [{"role": "user", "content": "2 + 2?"}], "chosen": "4", "rejected": "5",
"vector": [1, 0]}
Without a prompt, `chosen` and `rejected` are whole chats that agree up to their last turn.
"""

from collections.abc import Mapping
from typing import Any

from training.kinds import values
from training.kinds.kind import KINDS, Column, Kind, RowError
from training.rows import Row


def build(picked: Mapping[str, Any]) -> Row:
    said, chosen, rejected = parts(picked)
    if chosen.strip() == rejected.strip():
        raise RowError("chosen and rejected are the same")
    return {"messages": said, "chosen": chosen, "rejected": rejected, "vector": [1, 0]}


def parts(picked: Mapping[str, Any]) -> tuple[list[values.Message], str, str]:
    asked = picked.get("messages", picked.get("prompt"))
    if asked is None:
        return whole_chats(picked)
    chosen, rejected = (values.answer(picked.get(n), n) for n in ("chosen", "rejected"))
    return values.prompt(asked, picked.get("system")), chosen, rejected


def whole_chats(picked: Mapping[str, Any]) -> tuple[list[values.Message], str, str]:
    """The prompt is what both chats have in common."""
    if isinstance(picked.get("chosen"), str) and picked["chosen"].lstrip().startswith("Human:"):
        raise RowError("it is a transcript: import it into a feedback project")
    better, worse = (values.messages(picked.get(n), n) for n in ("chosen", "rejected"))
    if better[:-1] != worse[:-1]:
        raise RowError("prompts differ")
    chosen, rejected = values.answer(better[-1:], "chosen"), values.answer(worse[-1:], "rejected")
    return values.prompt(better[:-1]), chosen, rejected


def texts(row: Mapping[str, Any]) -> dict[str, str]:
    answers = {name: row[name] for name in ("chosen", "rejected", "completion") if name in row}
    return {"prompt": values.spoken(row["messages"]), **answers}


KIND = KINDS.register("preference")(
    Kind(
        name="preference",
        title="Preference pairs",
        about="Two answers to a prompt, the better one known. People's rankings give these too.",
        columns=(
            Column("messages", "The turns so far, as a list of {role, content}.", "context"),
            Column(
                "prompt",
                "What was asked. Leave it out where both answers are whole chats.",
                "instruction question query input",
                (("instruction", "input"),),
            ),
            Column("chosen", "The better answer.", "preferred better winner"),
            Column("rejected", "The worse answer.", "dispreferred worse loser"),
            Column("system", "What the model is told before everything else.", "systemprompt"),
        ),
        needs=(frozenset({"chosen"}), frozenset({"rejected"})),
        build=build,
        prompt=lambda row: values.root_turn(row["messages"]),
        texts=texts,
        file="pairs.",
    )
)
