"""How many items of a benchmark a model was trained on: they share thirteen words in a row.

As in Brown et al. 2020, appendix C: words are lowercased and without punctuation. A text of eight
to twelve words counts as one piece; shorter ones can't be told from chance and are never marked.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

WORDS = re.compile(r"\w+")
MOST, LEAST = 13, 8
Gram = tuple[str, ...]


def share(seen: Sequence[Path], samples: Sequence[dict[str, Any]]) -> float | None:
    """Of the items, those whose text is in the files; each is marked. None where there are none.

    Takes the items' `text` away, which nothing else needs.
    """
    texts = [str(sample.pop("text", "")) for sample in samples]
    if not seen or not samples:
        return None
    known = grams_of(texts)
    found: set[int] = set()
    for path in seen:
        found |= places_in(path, known)
    for place in found:
        samples[place]["seen"] = True
    return len(found) / len(samples)


def grams_of(texts: Iterable[str]) -> dict[Gram, set[int]]:
    known: dict[Gram, set[int]] = {}
    for place, text in enumerate(texts):
        for part in text.split("\n"):
            for gram in pieces(words(part)):
                known.setdefault(gram, set()).add(place)
    return known


def words(text: str) -> list[str]:
    return WORDS.findall(text.lower())


def pieces(found: Sequence[str]) -> Iterator[Gram]:
    """All runs of MOST words, or the whole of a shorter text."""
    if LEAST <= len(found) < MOST:
        yield tuple(found)
    for begin in range(len(found) - MOST + 1):
        yield tuple(found[begin : begin + MOST])


def places_in(path: Path, known: Mapping[Gram, set[int]]) -> set[int]:
    sizes = {len(gram) for gram in known}
    found: set[int] = set()
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            for text in texts_in(line):
                spoken = words(text)
                for size in sizes:
                    for begin in range(len(spoken) - size + 1):
                        found |= known.get(tuple(spoken[begin : begin + size]), set())
    return found


def texts_in(line: str) -> Iterator[str]:
    try:
        yield from strings(json.loads(line))
    except (ValueError, RecursionError):
        return


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)
