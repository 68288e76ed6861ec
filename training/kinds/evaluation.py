"""Evaluation sets: an input and what a right answer looks like.

Sample: {"input": "2 + 2?", "references": ["4"], "choices": ["3", "4"], "id": "7",
"category": "sums", "meta": {"source": "by hand"}}
"""

import json
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from llmkit.numbers import whole_number
from training.kinds import values
from training.kinds.kind import KINDS, Column, Kind, RowError
from training.rows import Row


def build(picked: Mapping[str, Any]) -> Row:
    row: Row = {
        "input": values.text(picked.get("input"), "input"),
        "references": values.listed(picked.get("references", [None]), "references"),
    }
    if "choices" in picked:
        row["choices"] = values.listed(picked["choices"], "choices")
        row["references"] = [among(said, row["choices"]) for said in row["references"]]
    for name in ("id", "category"):
        if name in picked:
            row[name] = values.words(picked[name], name)
    if "meta" in picked:
        row["meta"] = kept(picked["meta"])
    return row


def among(said: str, choices: list[str]) -> str:
    """The choice that a reference means: its text, its letter, or its place counted from 0."""
    place = ascii_uppercase.find(said.strip("()")) if len(said.strip("()")) == 1 else -1
    if said in choices:
        return said
    if (number := whole_number(said)) is not None and number < len(choices):
        return choices[number]
    if 0 <= place < len(choices):
        return choices[place]
    raise RowError("a reference is none of the choices")


def kept(found: Mapping[str, Any]) -> Row:
    """Whatever else a row brings along, as it is, if JSON can hold it."""
    try:
        kept: Row = json.loads(json.dumps(found))
    except (ValueError, TypeError, RecursionError) as error:
        raise RowError("what is kept along is no JSON") from error
    return kept


KIND = KINDS.register("evaluation")(
    Kind(
        name="evaluation",
        title="Evaluation set",
        about="Inputs with one or more right answers, to measure a model with.",
        columns=(
            Column(
                "input",
                "What the model is asked. Several columns are joined with a blank line.",
                "question prompt dialogue article document source sentence problem query text",
                (("context", "question"), ("instruction", "input")),
            ),
            Column(
                "references",
                "Right answers; several columns are several of them.",
                "reference answers answer target targets output summary highlights "
                "label gold completion canonicalsolution answerkey",
                many=True,
            ),
            Column("choices", "What can be chosen from.", "options endings", many=True),
            Column("id", "The row's own name.", "fname questionid taskid idx qid"),
            Column("category", "What the row is about.", "topic subject type"),
            Column("meta", "Columns to keep as they are, such as tests to run.", named=True),
        ),
        needs=(frozenset({"input"}), frozenset({"references"})),
        build=build,
        prompt=lambda row: row["input"],
        texts=lambda row: {"input": row["input"], "references": "\n".join(row["references"])},
        usual_split="test",
    )
)
