"""Frozen preference datasets in the forms that other tools read.

`trl`: explicit prompt, plain text; `trl-implicit`: the prompt inside both; `conversational`:
explicit prompt as messages; `unpaired`: prompt, completion, label; `hh-rlhf`: two transcripts.
A prompt of one user turn is its text; a longer one becomes a transcript of Human and Assistant.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from feedback.rules.splits import SPLITS
from training.models import DatasetVersion
from training.services import datasets

Row = dict[str, Any]
Messages = Sequence[dict[str, str]]
SPEAKER = {"user": "Human", "system": "Human", "assistant": "Assistant"}


def transcript(messages: Messages) -> str:
    return "".join(f"\n\n{SPEAKER[m['role']]}: {m['content']}" for m in messages)


def plain(messages: Messages) -> str:
    if len(messages) == 1 and messages[0]["role"] == "user":
        return messages[0]["content"]
    return f"{transcript(messages)}\n\nAssistant:"


def trl(row: Row) -> Row:
    return {"prompt": plain(row["messages"]), "chosen": row["chosen"], "rejected": row["rejected"]}


def trl_implicit(row: Row) -> Row:
    prompt = plain(row["messages"])
    gap = "\n\n" if len(row["messages"]) == 1 else " "
    return {name: f"{prompt}{gap}{row[name]}" for name in ("chosen", "rejected")}


def conversational(row: Row) -> Row:
    said = {name: [{"role": "assistant", "content": row[name]}] for name in ("chosen", "rejected")}
    return {"prompt": row["messages"], **said}


def unpaired(row: Row) -> Row:
    return {
        "prompt": plain(row["messages"]),
        "completion": row["completion"],
        "label": row["label"],
    }


def hh_rlhf(row: Row) -> Row:
    answers = {
        name: [{"role": "assistant", "content": row[name]}] for name in ("chosen", "rejected")
    }
    return {name: transcript([*row["messages"], *said]) for name, said in answers.items()}


FORMS: dict[str, tuple[str, Callable[[Row], Row]]] = {
    "trl": ("pairs", trl),
    "trl-implicit": ("pairs", trl_implicit),
    "conversational": ("pairs", conversational),
    "unpaired": ("unpaired", unpaired),
    "hh-rlhf": ("pairs", hh_rlhf),
}


def rows(version: DatasetVersion, form: str, split: str | None = None) -> Iterator[Row]:
    """The rows of one split, or of all. DatasetError where a file was changed or is gone."""
    kind, shape = FORMS[form]
    for name in SPLITS:
        if split in (None, name):
            yield from map(shape, datasets.rows_of(version, f"{kind}.{name}.jsonl"))


def write(version: DatasetVersion, form: str, path: Path, split: str | None = None) -> int:
    """Write JSON lines, or Parquet where the name ends so; how many rows there are."""
    found = list(rows(version, form, split))
    if path.suffix == ".parquet":
        write_parquet(found, path)
    else:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in found)
        path.write_text("".join(lines), encoding="utf-8")
    return len(found)


def write_parquet(found: list[Row], path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(found), path)
