"""One JSON object a line, and tasks that nest several items in one of them."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evaluation.benchmarks.readers.reader import READERS, FileFaultError, Options, Row, lines


@READERS.register("lines")
def read(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    for path in paths:
        for place, line in lines(path):
            if line.strip():
                yield place, parsed(place, line)


def parsed(place: str, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FileFaultError(f"{place}: it is not JSON.") from error
    if not isinstance(found, dict):
        raise FileFaultError(f"{place}: it is not an object.")
    return found


@READERS.register("multirc")
def multirc(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    """{"passage": {"text": …, "questions": [{"question": …, "answers": [{"text", "label"}]}]}}"""
    for place, row in read(paths, options):
        passage = wanted(place, row, "passage")
        for question in wanted(place, passage, "questions"):
            for answer in wanted(place, question, "answers"):
                yield (
                    place,
                    {
                        "paragraph": passage.get("text"),
                        "question": question.get("question"),
                        "answer": answer.get("text"),
                        "label": answer.get("label"),
                    },
                )


@READERS.register("record")
def record(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    """Entities are places in the passage: {"start", "end"}, both counted in."""
    for place, row in read(paths, options):
        passage = wanted(place, row, "passage")
        text = str(passage.get("text", ""))
        spans = wanted(place, passage, "entities")
        entities = [text[span["start"] : span["end"] + 1] for span in spans]
        for question in wanted(place, row, "qas"):
            answers = [each.get("text") for each in question.get("answers", ())]
            asked = {"query": question.get("query"), "answers": answers}
            yield place, {"passage": text, "entities": entities, **asked}


@READERS.register("wsc")
def wsc(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    for place, row in read(paths, options):
        yield place, {**row, **wanted(place, row, "target")}


@READERS.register("arc")
def arc(paths: Sequence[Path], options: Options) -> Iterator[tuple[str, Row]]:
    """{"question": {"stem": …, "choices": [{"text", "label"}]}, "answerKey": "B"}"""
    for place, row in read(paths, options):
        question = wanted(place, row, "question")
        choices = wanted(place, question, "choices")
        told = {name: [each.get(name) for each in choices] for name in ("text", "label")}
        key = row.get("answerKey")
        if key not in told["label"]:
            raise FileFaultError(f"{place}: its answerKey is none of its choices.")
        yield place, {"question": question.get("stem"), "choices": told, "answerKey": key}


def wanted(place: str, row: Any, name: str) -> Any:
    if not isinstance(row, dict) or not isinstance(row.get(name), dict | list):
        raise FileFaultError(f"{place}: it has no {name}.")
    return row[name]
