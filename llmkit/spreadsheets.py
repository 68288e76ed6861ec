"""Tables for spreadsheets, which take a text that begins like a formula for one."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

UNSAFE = ("=", "+", "-", "@", "\t", "\r")


def written(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """The rows as CSV under the first one's names; `names` where there is no row."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else list(names))
    writer.writeheader()
    writer.writerows({name: plain(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def plain(value: Any) -> Any:
    """A text that would be taken for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(UNSAFE) else value
