"""The form that says what rows are: filled from what was found, or from what was typed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from django.http import QueryDict

from training.kinds import KINDS, Column, Kind
from training.models import DatasetAddition
from training.preparing.request import Splits
from training.services import dataset_choices
from training.services.dataset_choices import Tried, Wanted
from training.services.dataset_rows import ShownRow, shown
from training.services.datasets import DatasetError
from training.splits import SPLITS

USUAL_SHARES = {"train": "80", "validation": "10", "test": "10"}
SHOWN_ROWS = 3


@dataclass(frozen=True)
class ColumnField:
    """A column of the kind with the file's columns that make it up; `slots` are its selects."""

    column: Column
    chosen: Sequence[str]

    @property
    def slots(self) -> list[str]:
        """What is chosen, and an empty place for one more after a first."""
        chosen = list(self.chosen)
        return [*chosen, ""] if len(chosen) < 3 else chosen


@dataclass(frozen=True)
class Choosing:
    """All that the form shows. `splits` and `shares` are as typed."""

    name: str
    kind: Kind
    fields: list[ColumnField]
    splits: Mapping[str, str]
    shares: Mapping[str, str]
    columns: Sequence[str]
    ways: Sequence[str]
    tried: list[Tried] = field(default_factory=list)
    raw: list[list[Any]] = field(default_factory=list)

    @property
    def faults(self) -> int:
        return sum(bool(one.fault) for one in self.tried)

    @property
    def preview(self) -> list[tuple[ShownRow | None, Tried]]:
        first = self.tried[:SHOWN_ROWS]
        return [(shown(one.row, one.number) if one.row else None, one) for one in first]

    @property
    def kinds(self) -> list[Kind]:
        return [KINDS.get(name) for name in KINDS]


def first_guess(addition: DatasetAddition) -> Choosing:
    """What the file seems to be."""
    found, before = addition.found, addition.choices
    suggested = found.get("suggested", {})
    kind = KINDS.get(before.get("kind") or next(iter(suggested), "text"))
    mapping = before.get("mapping") or suggested.get(kind.name, {})
    splits = {"way": usual_way(found, kind), "split": kind.usual_split or "train", "seed": "0"}
    splits["column"] = found.get("split_column", "")
    return choosing(found, usual_name(addition), kind, mapping, splits, USUAL_SHARES)


def usual_way(found: Mapping[str, Any], kind: Kind) -> str:
    if dataset_choices.has_own_files(found):
        return "files"
    if found.get("split_column"):
        return "own"
    return "one" if kind.usual_split else "shares"


def usual_name(addition: DatasetAddition) -> str:
    """The file's name without its endings, or the last part of a hub id."""
    last = PurePosixPath(addition.origin).name
    if addition.source == "hub":
        return last
    return last.removesuffix(".gz").rpartition(".")[0] or last


def choosing(
    found: Mapping[str, Any],
    name: str,
    kind: Kind,
    mapping: Mapping[str, Sequence[str]],
    splits: Mapping[str, str],
    shares: Mapping[str, str],
) -> Choosing:
    columns = found.get("columns", [])
    fields = [ColumnField(c, mapping.get(c.name, ())) for c in kind.columns]
    complete = not kind.missing(mapping)
    tried = dataset_choices.tried(kind, mapping, found.get("first", [])) if complete else []
    ways = ["shares", "one", *(["own"] if columns else [])]
    if dataset_choices.has_own_files(found):
        ways.insert(0, "files")
    raw = [[cell(row.get(name)) for name in columns] for row in found.get("first", [])[:SHOWN_ROWS]]
    return Choosing(name, kind, fields, splits, shares, columns, ways, tried, raw)


def cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def typed(addition: DatasetAddition, post: QueryDict) -> Choosing:
    """As the form was left. Another kind than before brings its own suggestions."""
    found = addition.found
    kind = dataset_choices.kind_named(post.get("kind", ""))
    mapping = mapping_of(kind, post)
    if post.get("shown_kind") != kind.name:
        mapping = found.get("suggested", {}).get(kind.name, {})
    splits = {name: post.get(name, "") for name in ("way", "split", "seed", "column")}
    shares = {split: post.get(f"share_{split}", "") for split in SPLITS}
    return choosing(found, post.get("name", ""), kind, mapping, splits, shares)


def mapping_of(kind: Kind, post: QueryDict) -> dict[str, list[str]]:
    picked = {c.name: list(filter(None, post.getlist(f"map_{c.name}"))) for c in kind.columns}
    return {name: list(dict.fromkeys(names)) for name, names in picked.items() if names}


def wanted_of(chosen: Choosing) -> Wanted:
    """DatasetError where a number is none."""
    splits = chosen.splits
    mapping = {one.column.name: list(one.chosen) for one in chosen.fields if one.chosen}
    try:
        shares = {name: float(said or 0) / 100 for name, said in chosen.shares.items()}
        seed = int(splits["seed"] or 0)
    except ValueError as error:
        raise DatasetError("Shares and the seed are numbers.") from error
    way: Any = splits["way"]
    parts = Splits(way, splits["split"] or "train", shares, seed, splits["column"])
    return Wanted(chosen.name, chosen.kind.name, mapping, parts)
