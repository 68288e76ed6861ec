"""A JSON file: a list of objects, an object that holds one, columns, or SQuAD's tree.

Samples: [{"q": …}]; {"examples": [{"input": …}]}; {"q": ["…", "…"], "a": ["…", "…"]};
{"data": [{"paragraphs": [{"context": …, "qas": [{"question": …, "answers": [{"text": …}]}]}]}]}
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.kinds.kind import RowError
from training.tables.lines import whole
from training.tables.table import Limits, Options, Row, Table, TableError, of_json, parsed


def read(path: Path, options: Options, limits: Limits) -> Table:
    size = path.stat().st_size
    try:
        found = parsed(whole(path, limits).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise TableError("It is not UTF-8 text. Save it as UTF-8.") from error
    except RowError as error:
        raise TableError("It is not JSON. If it has one object a line, name it .jsonl.") from error
    return Table("JSON", rows(found), lambda: size)


def rows(found: Any) -> Iterator[Row]:
    items = items_of(found)
    for number, item in enumerate(items, start=1):
        data = {"text": item} if isinstance(item, str) else item
        yield of_json(number, data, "" if isinstance(data, dict) else json.dumps(item)[:200])


def items_of(found: Any) -> list[Any]:
    if isinstance(found, list):
        return found
    if not isinstance(found, dict):
        raise TableError("It holds no rows. Give a list of objects.")
    if is_squad(found):
        return list(squad(found))
    lists = {name: value for name, value in found.items() if isinstance(value, list)}
    of_objects = [value for value in lists.values() if value and isinstance(value[0], dict)]
    if len(of_objects) == 1:
        return of_objects[0]
    if lists and len(lists) == len(found) and len({len(value) for value in lists.values()}) == 1:
        return [
            dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)
        ]
    raise TableError("It is not clear where its rows are. Give a list of objects.")


def is_squad(found: dict[str, Any]) -> bool:
    data = found.get("data")
    first = data[0] if isinstance(data, list) and data else None
    return isinstance(first, dict) and isinstance(first.get("paragraphs"), list)


def squad(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every question with its paragraph and the texts of its answers."""
    try:
        for article in found["data"]:
            for paragraph in article["paragraphs"]:
                for asked in paragraph["qas"]:
                    yield {
                        "id": asked.get("id"),
                        "title": article.get("title"),
                        "context": paragraph["context"],
                        "question": asked["question"],
                        "answers": [answer["text"] for answer in asked.get("answers", [])],
                    }
    except (KeyError, TypeError, AttributeError) as error:
        raise TableError("It looks like SQuAD's tree, but parts of it are missing.") from error
