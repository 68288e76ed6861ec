"""A run's settings from a file, and a dataset that is only a file so far."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from accounts.models import User
from training import methods
from training.models import DatasetVersion
from training.preparing.request import Splits
from training.services import dataset_here
from training.services.datasets import DatasetError
from training.services.errors import RunsError
from training.services.runs.slots import slot_of

# The reader of YAML stumbles in more ways than its own over tagged values that are none.
UNREADABLE = (ValueError, yaml.YAMLError, RecursionError, AttributeError, LookupError, TypeError)
SHARES = {"train": 0.9, "validation": 0.1, "test": 0.0}


def settings_in(path: Path) -> dict[str, Any]:
    """RunsError where the file can't be read or holds no object."""
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise RunsError(f"{path} can't be read: {error.strerror}.") from error
    except UNREADABLE as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise RunsError(f"{path} is neither JSON nor YAML: {first}.") from error
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise RunsError(f"{path} must hold names with values, such as max_steps: 100.")
    return dict(found)


def with_dataset(values: Mapping[str, Any], *, method: str, by: User, near: Path) -> dict[str, Any]:
    """The values with `dataset_file` turned into a dataset; a path is relative to `near`."""
    found = dict(values)
    named = found.pop("dataset_file", None)
    if named is None:
        return found
    if found.get("dataset"):
        raise RunsError("Give dataset or dataset_file, not both.")
    if not isinstance(named, str):
        raise RunsError("dataset_file must be the path of a file.")
    try:
        return found | {"dataset": brought(near / named, method=method, by=by)}
    except DatasetError as error:
        raise RunsError(f"dataset_file: {error}") from error


def brought(path: Path, *, method: str, by: User) -> DatasetVersion:
    """A version of the dataset called like the file; a tenth of its prompts is held out."""
    slot = slot_of(methods.get(method), "dataset")
    kinds = slot.kinds if slot else ()
    return dataset_here.added(file=path, kinds=kinds, splits=Splits("shares", shares=SHARES), by=by)
