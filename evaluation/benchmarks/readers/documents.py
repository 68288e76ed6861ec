"""Files that are one JSON document, with the rows somewhere inside."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evaluation.benchmarks.readers.reader import READERS, FileFaultError, Options, Row


@READERS.register("document")
def read(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    """Rows under `path`, such as `examples` in BIG-Bench Hard's files."""
    for path in paths:
        rows = whole(path).get(str(options.get("path", "")))
        if not isinstance(rows, list):
            raise FileFaultError(f"{path.name} has no list called {options.get('path')}.")
        for number, row in enumerate(rows, start=1):
            place = f"{path.name}, row {number}"
            if not isinstance(row, dict):
                raise FileFaultError(f"{place}: it is not an object.")
            yield place, row


def whole(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise FileFaultError(f"{path.name} is not JSON.") from error
    return {"": found} if isinstance(found, list) else dict(found)


@READERS.register("squad")
def squad(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    """{"data": [{"paragraphs": [{"context", "qas": [{"question", "answers": [{"text"}]}]}]}]}"""
    for path in paths:
        for number, article in enumerate(whole(path).get("data", ()), start=1):
            place = f"{path.name}, article {number}"
            try:
                rows = [row for each in article["paragraphs"] for row in _questions(each)]
            except (KeyError, TypeError) as error:
                raise FileFaultError(f"{place}: it lacks {error}.") from error
            for row in rows:
                yield place, row


def _questions(paragraph: Any) -> Iterator[Row]:
    for each in paragraph["qas"]:
        texts = [answer["text"] for answer in each["answers"]]
        begins = [answer.get("answer_start", -1) for answer in each["answers"]]
        answers = {"text": texts, "answer_start": begins}
        asked = {"id": each.get("id"), "question": each["question"], "answers": answers}
        yield {"context": paragraph["context"], **asked}


@READERS.register("truthfulqa")
def truthfulqa(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    """mc_task.json: a list of {"question", "mc1_targets": {answer: 0 or 1}, "mc2_targets": …}."""
    for path in paths:
        for number, row in enumerate(whole(path).get("", ()), start=1):
            place = f"{path.name}, row {number}"
            try:
                targets = {name: _targets(row[name]) for name in ("mc1_targets", "mc2_targets")}
                yield place, {"question": row["question"], **targets}
            except (KeyError, TypeError, AttributeError) as error:
                raise FileFaultError(f"{place}: it lacks {error}.") from error


def _targets(found: Any) -> dict[str, list[Any]]:
    return {"choices": list(found), "labels": [int(value) for value in found.values()]}
