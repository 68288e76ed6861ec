"""What a person says about rows that came: the name, the kind, the columns, the splits."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from accounts.access import ADMIN, is_in_group
from accounts.models import User
from llmkit.registry import RegistryError
from training.kinds import KINDS, Kind, RowError, canonical
from training.models import Dataset, DatasetAddition
from training.preparing.request import Splits
from training.preparing.splitting import known_split
from training.rows import Row
from training.services.datasets import DatasetError
from training.splits import SPLITS, check_fractions


@dataclass(frozen=True)
class Wanted:
    name: str
    kind: str
    mapping: Mapping[str, Sequence[str]]
    splits: Splits


def checked(addition: DatasetAddition, wanted: Wanted, by: User) -> dict[str, Any]:
    """The choices as they are stored, or DatasetError with what to do."""
    kind = kind_named(wanted.kind)
    mapping = mapping_of(kind, wanted.mapping, addition.found.get("columns", []))
    require_splits(wanted.splits, addition.found)
    require_name(wanted.name.strip(), kind, by)
    kept = {n: v for n, v in addition.choices.items() if n in ("header", "quotes")}
    chosen = {"name": wanted.name.strip(), "kind": kind.name, "mapping": mapping}
    return {**kept, **chosen, "splits": asdict(wanted.splits)}


def kind_named(name: str) -> Kind:
    try:
        return KINDS.get(name)
    except RegistryError as error:
        raise DatasetError(str(error)) from error


def mapping_of(
    kind: Kind, mapping: Mapping[str, Sequence[str]], columns: Sequence[str]
) -> dict[str, list[str]]:
    """Only this kind's columns, in their order; DatasetError where one is missing or unknown."""
    unknown = {name for names in mapping.values() for name in names} - set(columns)
    if unknown:
        raise DatasetError(f"There is no column {sorted(unknown)[0]}. Known: {', '.join(columns)}.")
    found = {c.name: list(mapping[c.name]) for c in kind.columns if mapping.get(c.name)}
    missing = kind.missing(found)
    if missing:
        known = ", ".join(columns)
        raise DatasetError(f"Say which column holds {' and '.join(missing)}. There are: {known}.")
    return found


def require_splits(splits: Splits, found: Mapping[str, Any]) -> None:
    if splits.way == "shares":
        try:
            check_fractions(splits.shares)
        except ValueError as error:
            raise DatasetError(str(error)) from error
    elif splits.way == "one" and splits.split not in SPLITS:
        raise DatasetError(f"A split is one of {', '.join(SPLITS)}.")
    elif splits.way == "own" and splits.column not in found.get("columns", []):
        raise DatasetError("Say which column holds the split.")
    elif splits.way == "files" and not has_own_files(found):
        raise DatasetError("Its files have no splits of their own.")
    elif splits.way not in ("shares", "one", "own", "files"):
        raise DatasetError("Choose how the rows are split.")


def has_own_files(found: Mapping[str, Any]) -> bool:
    splits = found.get("splits", [])
    return bool(splits) and all(known_split(split) for split in splits)


def require_name(name: str, kind: Kind, by: User) -> None:
    """A new name, or that of one's own dataset of the same kind, which gets a new version."""
    if not name or len(name) > 100:
        raise DatasetError("Give it a name of at most 100 characters.")
    there = Dataset.objects.filter(name=name).first()
    if there is None:
        return
    if there.owner != by and not is_in_group(by, ADMIN):
        raise DatasetError(f"There is a dataset called {name} already. Take another name.")
    if there.kind != kind.name:
        held = there.get_kind_display().lower()
        raise DatasetError(f"{name} holds {held}. Take another name.")
    if there.archived_at is not None:
        raise DatasetError(f"{name} is archived. Bring it back first, or take another name.")


@dataclass(frozen=True)
class Tried:
    """What would become of one of the first rows: the row, or the fault it would be refused for."""

    number: int
    row: Row | None
    fault: str = ""


def tried(kind: Kind, mapping: Mapping[str, Sequence[str]], first: Sequence[Row]) -> list[Tried]:
    return [_tried(kind, mapping, row, number) for number, row in enumerate(first, start=1)]


def _tried(kind: Kind, mapping: Mapping[str, Sequence[str]], row: Row, number: int) -> Tried:
    try:
        return Tried(number, canonical(kind, mapping, row))
    except RowError as fault:
        return Tried(number, None, str(fault))
