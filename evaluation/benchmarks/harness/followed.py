"""Whether an answer has the form that was asked for.

Sample: "Name three animals, one on each line." {"lines": 3}, "cat\ndog\ncow" -> 1
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any


def process_results(doc: Mapping[str, Any], results: list[str]) -> dict[str, float]:
    return {"followed": float(follows(results[0], json.loads(doc["rules"])))}


def follows(answer: str, rules: Mapping[str, Any]) -> bool:
    """Every rule is kept; an empty answer keeps none."""
    text = answer.strip()
    return bool(text) and all(CHECKS[name](text, wanted) for name, wanted in rules.items())


def words(text: str) -> int:
    return len(text.split())


def bare(text: str) -> str:
    return text.strip().strip("\"'.!").lower()


def kind_of(text: str) -> str:
    """What JSON the text is, if any; a fence around it is let pass."""
    inside = re.sub(r"^```(?:json)?\s*|\s*```$", "", text)
    try:
        return type(json.loads(inside)).__name__
    except (ValueError, RecursionError):
        return ""


CHECKS: Mapping[str, Callable[[str, Any], bool]] = {
    "most_words": lambda text, most: words(text) <= most,
    "least_words": lambda text, least: words(text) >= least,
    "lines": lambda text, count: len([x for x in text.splitlines() if x.strip()]) == count,
    "contains": lambda text, parts: all(part in text for part in parts),
    "without": lambda text, parts: not any(part in text.lower() for part in parts),
    "one_of": lambda text, known: bare(text) in known,
    "exactly": lambda text, wanted: bare(text) == wanted.lower(),
    "begins": lambda text, wanted: text.startswith(wanted),
    "ends": lambda text, wanted: bare(text).endswith(wanted.lower()),
    "number": lambda text, _: re.fullmatch(r"[0-9]+\.?", text) is not None,
    "json": lambda text, kind: kind_of(text) == kind,
    "sentences": lambda text, count: len(re.findall(r"[.!?](?:\s|$)", text)) == count,
}
