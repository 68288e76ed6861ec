"""docs/access.csv: who may ask for what, as it was decided."""

import csv
from pathlib import Path

from tests.access.people import ROLES

FILE = Path(__file__).parents[2] / "docs" / "access.csv"
Row = tuple[str, str]
Table = dict[Row, tuple[str, ...]]


def decided() -> Table:
    """By an address's name and a method: what each role gets, in the order of `ROLES`."""
    with FILE.open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["address", "method", *ROLES]
    table = {(name, method): tuple(told) for name, method, *told in rows}
    assert len(table) == len(rows), "A row stands there twice."
    return table


def as_line(row: Row, told: tuple[str, ...]) -> str:
    return ",".join([*row, *told])
