"""A model's licence as its card, provenance or licence file names it."""

import json
from pathlib import Path
from typing import Any

import yaml

from llmkit.adding.errors import printable
from llmkit.adding.files import CARD, PROVENANCE

LONGEST_CARD = 1_000_000
LONGEST = 200
PROPER = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD-3-Clause",
    "gpl-3.0": "GPL-3.0",
    "agpl-3.0": "AGPL-3.0",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
}
OPENINGS = {"apache license": "Apache-2.0", "mit license": "MIT"}


def licence_of(folder: Path) -> str:
    """Empty where nothing names one."""
    return proper(from_card(folder) or from_provenance(folder) or from_file(folder))


def proper(licence: str) -> str:
    """As its authors write it, where it is a well-known one."""
    return printable(PROPER.get(licence.lower(), licence), LONGEST)


def card_of(folder: Path) -> str:
    """The card's text without its metadata; empty where there is none."""
    return split_card(folder)[1].strip()


def from_card(folder: Path) -> str:
    try:
        data: Any = yaml.safe_load(split_card(folder)[0])
    except (yaml.YAMLError, ValueError, RecursionError):
        return ""
    if not isinstance(data, dict):
        return ""
    named = data.get("license")
    if named == "other":
        named = data.get("license_name") or named
    several = named if isinstance(named, list) else [named]
    return ", ".join(one for one in several if isinstance(one, str))


def split_card(folder: Path) -> tuple[str, str]:
    """The metadata between the first two lines of dashes, and the text after it."""
    try:
        with (folder / CARD).open(errors="replace") as file:
            text = file.read(LONGEST_CARD)
    except OSError:
        return "", ""
    if not text.startswith("---\n"):
        return "", text
    head, found, body = text[4:].partition("\n---")
    return (head, body) if found else ("", text)


def from_provenance(folder: Path) -> str:
    try:
        return str(json.loads((folder / PROVENANCE).read_text())["licence"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def from_file(folder: Path) -> str:
    for name in ("LICENSE", "LICENCE", "LICENSE.txt", "LICENSE.md"):
        path = folder / name
        if path.is_file():
            with path.open(errors="replace") as file:
                start = file.read(300).lower()
            return next((known for words, known in OPENINGS.items() if words in start), "")
    return ""
