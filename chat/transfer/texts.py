"""Which strings of a file may be kept."""

from typing import Any


def is_text(value: Any) -> bool:
    """A string that every database can keep: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str) or "\x00" in value:
        return False
    return not any("\ud800" <= char <= "\udfff" for char in value)
