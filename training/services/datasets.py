"""Storing frozen datasets as files with hashes, and reading them back."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from accounts.models import User
from accounts.recording import Verb
from llmkit.registry import near_names
from training.models import Dataset, DatasetVersion
from training.rows import Rows, hash_of, line_of, write
from training.services import recorded

__all__ = [
    "DatasetError",
    "freeze",
    "hash_of",
    "keep",
    "line_of",
    "require_unchanged",
    "rows_of",
    "version_named",
    "write",
]

FOLDER = "datasets"


class DatasetError(Exception):
    """The dataset can't be stored or found; the text says why and what to do."""


def freeze(
    *,
    name: str,
    kind: str,
    files: Mapping[str, Rows],
    source: Mapping[str, Any],
    report: Mapping[str, Any],
    made_by: User | None = None,
) -> DatasetVersion:
    """Write the next version of a dataset: first the files, then the row that vouches for them.

    The same content again gives the version that is there already. DatasetError for a name that
    belongs to another kind.
    """
    root = Path(settings.DATA_DIR) / FOLDER
    root.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
    try:
        written = {file: write(building / file, rows) for file, rows in sorted(files.items())}
        return keep(building, name, kind, written, source, report, made_by)
    finally:
        shutil.rmtree(building, ignore_errors=True)


@transaction.atomic
def keep(
    building: Path,
    name: str,
    kind: str,
    files: dict[str, dict[str, Any]],
    source: Mapping[str, Any],
    report: Mapping[str, Any],
    made_by: User | None,
) -> DatasetVersion:
    dataset, _ = Dataset.objects.get_or_create(name=name, defaults={"kind": kind, "owner": made_by})
    if dataset.kind != kind:
        raise DatasetError(f"{name} holds {dataset.get_kind_display().lower()}. Take another name.")
    same = dataset.versions.filter(content_hash=hash_of(files), source=dict(source)).first()
    if same is not None:
        return same
    number = (
        dataset.versions.order_by("-number").values_list("number", flat=True).first() or 0
    ) + 1
    path = Path(FOLDER) / f"{slugify(name) or 'dataset'}-{dataset.pk}-v{number}"
    target = Path(settings.DATA_DIR) / path
    shutil.rmtree(target, ignore_errors=True)
    building.rename(target)
    recorded.of_dataset(Verb.FROZEN, dataset, by=made_by, version=number)
    return DatasetVersion.objects.create(
        dataset=dataset,
        number=number,
        path=str(path),
        files=files,
        content_hash=hash_of(files),
        source=dict(source),
        report=dict(report),
        made_by=made_by,
    )


def version_named(name: str, number: int | None = None) -> DatasetVersion:
    """A dataset's newest version or the given one; DatasetError with near names."""
    versions = DatasetVersion.objects.filter(dataset__name=name)
    if not versions.exists():
        near = near_names(name, Dataset.objects.values_list("name", flat=True))
        raise DatasetError(f"There is no dataset '{name}'. {near}")
    found = versions.filter(number=number).first() if number else versions.latest("number")
    if found is None:
        raise DatasetError(f"{name} has no version {number}.")
    return found


def rows_of(version: DatasetVersion, file: str) -> Iterator[dict[str, Any]]:
    """A file's rows, one after the other. DatasetError where its bytes are not those that were
    frozen, before the first row is given."""
    with _unchanged(version, file) as opened:
        yield from map(json.loads, opened)


def require_unchanged(version: DatasetVersion, file: str) -> None:
    """DatasetError where a file's bytes are not those that were frozen."""
    with _unchanged(version, file):
        pass


@contextmanager
def _unchanged(version: DatasetVersion, file: str) -> Iterator[BinaryIO]:
    try:
        with (version.folder / file).open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
            if found != version.files[file]["sha256"]:
                raise DatasetError(
                    f"{file} of {version} was changed after it was frozen. Freeze it anew."
                )
            opened.seek(0)
            yield opened
    except OSError as error:
        raise DatasetError(f"{file} of {version} cannot be read: {error.strerror}.") from error
