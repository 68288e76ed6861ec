"""Our own rankings, one person's ranking of one task a line.

Sample: {"task": "t1", "prompt": "Say hello", "candidates": [{"text": "Hello"}, {"text": "No"},
{"text": "Hi"}], "annotator": "ada", "tiers": [[0], [1, 2]],
"flags": {"1": ["toxic"]}}
"""

from collections.abc import Iterator
from typing import Any

from feedback.importers.rows import FORMATS, Answer, Imported, RowError, checked, distinct, text_of
from feedback.importers.trl import messages_of, prompt_of
from feedback.rules.pairs import Ranking
from llmkit.numbers import whole_number


@FORMATS.register("annotations")
def read(number: int, data: dict[str, Any]) -> Iterator[Imported]:
    answers = answers_of(data.get("candidates"))
    yield Imported(
        number=number,
        task=name_of(data, "task"),
        messages=messages_of(data["messages"])
        if "messages" in data
        else prompt_of(data.get("prompt")),
        answers=distinct(answers),
        annotator=name_of(data, "annotator"),
        ranking=checked(ranking_of(data, len(answers))),
        flags=flags_of(data.get("flags") or {}, len(answers)),
    )


def name_of(data: dict[str, Any], field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        raise RowError(f"{field} is missing")
    return text_of(str(value).strip()[:200], f"{field} is missing")


def answers_of(value: Any) -> list[Answer]:
    if not isinstance(value, list) or not value:
        raise RowError("candidates are missing")
    if not all(isinstance(part, dict) for part in value):
        raise RowError("a candidate has no text")
    return [
        Answer(text_of(part.get("text"), "a candidate has no text"), str(part.get("model") or ""))
        for part in value
    ]


def ranking_of(data: dict[str, Any], size: int) -> Ranking:
    """Candidates in no tier are unranked only where the row lists them so."""
    tiers = data.get("tiers")
    bad = data.get("all_bad") or False
    if not isinstance(bad, bool):
        raise RowError("all_bad is neither true nor false")
    if tiers is None and bad:
        tiers = [list(range(size))]
    if not isinstance(tiers, list):
        raise RowError("tiers are missing")
    return Ranking(
        size=size,
        tiers=tuple(tuple(numbers_of(tier, "tiers")) for tier in tiers),
        unranked=tuple(numbers_of(data.get("unranked") or [], "unranked")),
        unacceptable=frozenset(
            range(size) if bad else numbers_of(data.get("unacceptable") or [], "unacceptable")
        ),
        all_bad=bad,
    )


def numbers_of(value: Any, field: str) -> list[int]:
    right = isinstance(value, list) and all(type(number) is int for number in value)
    if not right:
        raise RowError(f"{field} must be lists of candidate numbers")
    return list(value)


def flags_of(value: Any, size: int) -> dict[int, list[str]]:
    """{"candidate number": ["flag", …]}, or one list per candidate."""
    if not isinstance(value, dict | list):
        raise RowError("flags must be lists of names by candidate number")
    found = {}
    for key, names in value.items() if isinstance(value, dict) else enumerate(value):
        place = whole_number(key)
        known = place is not None and place < size and isinstance(names, list)
        if place is None or not known or not all(isinstance(name, str) for name in names):
            raise RowError("flags must be lists of names by candidate number")
        found[place] = names
    return found
