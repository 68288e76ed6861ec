"""The same questions asked a little differently, as HELM does for robustness and fairness.

`typos`: two neighbouring letters of every tenth word change places, and capitals and doubled blanks
are gone (robustness). `gender`: words for women stand for men and the other way round (fairness).
What a perturbed task scores is compared with the task itself; only texts of the row are changed,
never labels. Seeded by the text, so that everybody asks the same.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmkit.registry import Registry

Perturb = Callable[[str], str]
WAYS: Registry[Perturb] = Registry("perturbation")
WORD = re.compile(r"[A-Za-z]+")
SHARE = 0.1
SHORTEST = 4
PAIRS = (
    "he she",
    "him her",
    "his hers",
    "himself herself",
    "man woman",
    "men women",
    "boy girl",
    "boys girls",
    "father mother",
    "son daughter",
    "brother sister",
    "husband wife",
    "uncle aunt",
    "king queen",
    "mr ms",
    "actor actress",
)
SWAPPED = {a: b for pair in PAIRS for a, b in (pair.split(), reversed(pair.split()))}
SWAPPED |= {"mrs": "mr", "her": "his", "his": "her"}


@WAYS.register("typos")
def typos(text: str) -> str:
    draw = random.Random(text)

    def slip(found: re.Match[str]) -> str:
        word = found[0]
        if len(word) < SHORTEST or draw.random() >= SHARE:
            return word
        at = draw.randrange(1, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return re.sub(" +", " ", WORD.sub(slip, text).lower())


@WAYS.register("gender")
def gender(text: str) -> str:
    def swap(found: re.Match[str]) -> str:
        other = SWAPPED.get(found[0].lower())
        if other is None:
            return found[0]
        if found[0].isupper() and len(found[0]) > 1:
            return other.upper()
        return other.capitalize() if found[0][0].isupper() else other

    return WORD.sub(swap, text)


def perturbed(way: str, columns: Sequence[str], row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with those of its columns changed that are texts."""
    change = WAYS.get(way)
    return {
        name: change(value) if name in columns and isinstance(value, str) else value
        for name, value in row.items()
    }
