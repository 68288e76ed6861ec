"""Prompts with completions: what supervised fine-tuning learns from.

Sample: {"messages": [{"role": "user", "content": "2 + 2?"}], "completion": "4"}
A chat without a completion is taken whole: its last answer is the completion, all before it the
prompt.
"""

from collections.abc import Mapping
from typing import Any

from training.kinds import values
from training.kinds.kind import KINDS, Column, Kind, RowError
from training.rows import Row


def build(picked: Mapping[str, Any]) -> Row:
    if "messages" in picked and "completion" in picked:
        return {
            "messages": values.prompt(picked["messages"], picked.get("system")),
            "completion": values.answer(picked["completion"], "completion"),
        }
    if "messages" in picked:
        return of_chat(values.messages(picked["messages"]))
    return {
        "messages": values.prompt(picked.get("prompt"), picked.get("system")),
        "completion": values.answer(picked.get("completion"), "completion"),
    }


def of_chat(said: list[values.Message]) -> Row:
    if said[-1]["role"] != "assistant":
        raise RowError("the chat does not end with an answer")
    if not values.root_turn(said):
        raise RowError("nobody asks anything")
    return {"messages": said[:-1], "completion": said[-1]["content"]}


def texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {"prompt": values.spoken(row["messages"]), "completion": row["completion"]}


KIND = KINDS.register("completion")(
    Kind(
        name="completion",
        title="Prompts with completions",
        about="A prompt and the answer a model should give, or whole chats.",
        columns=(
            Column(
                "messages",
                "A whole chat, as a list of {role, content}.",
                "conversations conversation chat",
            ),
            Column(
                "prompt",
                "What is asked. Several columns are joined with a blank line.",
                "instruction question dialogue input query source article document problem",
                (("instruction", "input"), ("context", "question")),
            ),
            Column(
                "completion",
                "What should be answered.",
                "output answer response summary target highlights solution canonicalsolution label",
            ),
            Column("system", "What the model is told before everything else.", "systemprompt"),
        ),
        needs=(frozenset({"messages", "prompt"}), frozenset({"messages", "completion"})),
        build=build,
        prompt=lambda row: values.root_turn(row["messages"]),
        texts=texts,
    )
)
