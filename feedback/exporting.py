"""Frozen preference datasets in the forms that other tools read.

`trl`: explicit prompt, plain text; `trl-implicit`: the prompt inside both; `conversational`:
explicit prompt as messages; `unpaired`: prompt, completion, label; `hh-rlhf`: two transcripts;
`vector`: two answers, the better one first, with [1, 0], weight and votes; `ties`: two answers that
nobody preferred, with p = 0.5. A prompt of one user turn is its text; a longer one becomes a
transcript of Human and Assistant.

Where a model's rankings take part in a version, every row of every form says who ranked it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.text import slugify

from feedback.rules.splits import SPLITS
from feedback.services.snapshots.rows import PEOPLE
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


def vector(row: Row) -> Row:
    answers = {"prompt": plain(row["messages"]), "answers": [row["chosen"], row["rejected"]]}
    return answers | {name: row[name] for name in ("vector", "weight", "votes")}


def ties(row: Row) -> Row:
    return {"prompt": plain(row["messages"]), "answers": row["answers"], "p": row["p"]}


@dataclass(frozen=True)
class Form:
    """`kind` of the frozen rows it is made of; `says` what it is, for people."""

    kind: str
    says: str
    shape: Callable[[Row], Row]


FORMS = {
    "trl": Form("pairs", "TRL: prompt, chosen, rejected", trl),
    "trl-implicit": Form("pairs", "TRL: the prompt inside chosen and rejected", trl_implicit),
    "conversational": Form("pairs", "TRL: prompt, chosen, rejected as messages", conversational),
    "unpaired": Form("unpaired", "Prompt, answer, label good or bad (KTO)", unpaired),
    "hh-rlhf": Form("pairs", "hh-rlhf: two transcripts", hh_rlhf),
    "vector": Form("pairs", "Two answers with [1, 0], weight and votes", vector),
    "ties": Form("ties", "Ties: two answers with p = 0.5", ties),
}
TYPES = ("jsonl", "parquet")
SAMPLE: Row = {
    "messages": [{"role": "user", "content": ""}],
    "chosen": "",
    "rejected": "",
    "completion": "",
    "label": True,
    "answers": ["", ""],
    "p": 0.5,
    "vector": [1, 0],
    "weight": 1.0,
    "votes": {"for": 1, "against": 0, "ties": 0},
    "labeled_by": PEOPLE,
}
AT_ONCE = 1000


def shape_of(version: DatasetVersion, form: str) -> Callable[[Row], Row]:
    shape = FORMS[form].shape
    if not version.source.get("include_ai"):
        return shape
    return lambda row: shape(row) | {"labeled_by": row["labeled_by"]}


def rows(version: DatasetVersion, form: str, split: str | None = None) -> Iterator[Row]:
    """The rows of one split, or of all. DatasetError where a file was changed or is gone."""
    shape = shape_of(version, form)
    for file in files_of(version, form, split):
        yield from map(shape, datasets.rows_of(version, file))


def check(version: DatasetVersion, form: str, split: str | None = None) -> None:
    """DatasetError where a file that is wanted was changed or is gone."""
    for file in files_of(version, form, split):
        next(datasets.rows_of(version, file), None)


def files_of(version: DatasetVersion, form: str, split: str | None) -> list[str]:
    names = [f"{FORMS[form].kind}.{name}.jsonl" for name in SPLITS if split in (None, name)]
    return [name for name in names if name in version.files]


def count(version: DatasetVersion, form: str, split: str | None = None) -> int:
    return sum(int(version.files[file]["rows"]) for file in files_of(version, form, split))


def file_name(version: DatasetVersion, form: str, split: str | None, file_type: str) -> str:
    """It says what is inside: `sky-v2-train-trl.jsonl`."""
    name = slugify(version.dataset.name) or "dataset"
    return f"{name}-v{version.number}-{split or 'all'}-{form}.{file_type}"


def lines(version: DatasetVersion, form: str, split: str | None = None) -> Iterator[bytes]:
    for row in rows(version, form, split):
        yield (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def write(version: DatasetVersion, form: str, path: Path, split: str | None = None) -> int:
    """Write JSON lines, or Parquet where the name ends so; how many rows there are."""
    if path.suffix == ".parquet":
        write_parquet(version, form, path, split)
    else:
        with path.open("wb") as file:
            file.writelines(lines(version, form, split))
    return count(version, form, split)


def write_parquet(version: DatasetVersion, form: str, path: Path, split: str | None) -> None:
    """A part at a time; the columns are the same whether there are rows or not."""
    import pyarrow
    import pyarrow.parquet

    schema = pyarrow.Table.from_pylist([shape_of(version, form)(SAMPLE)]).schema
    found = rows(version, form, split)
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        while some := list(islice(found, AT_ONCE)):
            writer.write_table(pyarrow.Table.from_pylist(some, schema=schema))
