"""The split of each row, so that no prompt ever stands in two."""

from collections.abc import Mapping
from typing import Any

from training.kinds import RowError
from training.preparing.request import Splits
from training.splits import SPLITS, group_of, split_of

ELSEWHERE = "its prompt stands in another split already"
UNKNOWN = "its split is none of train, validation and test"
OTHER_NAMES = {
    "training": "train",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "eval": "validation",
    "testing": "test",
}


def known_split(name: str) -> str:
    """One of ours for what others call it, else empty."""
    plain = name.strip().lower()
    plain = OTHER_NAMES.get(plain, plain)
    return plain if plain in SPLITS else ""


class Placer:
    """Places rows one after the other; the first row of a prompt decides for all."""

    def __init__(self, splits: Splits) -> None:
        self._splits = splits
        self._taken: dict[bytes, str] = {}

    def place(self, prompt: str, raw: Mapping[str, Any], file_split: str) -> str:
        """RowError where the row has no split, or its prompt stands in another one."""
        if self._splits.way == "one":
            return self._splits.split
        group = group_of(prompt)
        if self._splits.way == "shares":
            return split_of(group, self._splits.shares, self._splits.seed)
        own = file_split if self._splits.way == "files" else str(raw.get(self._splits.column, ""))
        return self._first_come(group, known_split(own))

    def _first_come(self, group: str, split: str) -> str:
        if not split:
            raise RowError(UNKNOWN)
        if self._taken.setdefault(bytes.fromhex(group)[:16], split) != split:
            raise RowError(ELSEWHERE)
        return split
