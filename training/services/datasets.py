"""Storing frozen datasets as files with hashes, and reading them back."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from accounts.models import User
from llmkit.registry import near_names
from training.models import Dataset, DatasetVersion

Rows = Iterable[Mapping[str, Any]]
FOLDER = "datasets"


class DatasetError(Exception):
    """The dataset can't be stored or found; the text says why and what to do."""


def line_of(row: Mapping[str, Any]) -> str:
    """One row as the same bytes every time."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


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


def write(path: Path, rows: Rows) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for row in rows:
            line = line_of(row).encode()
            digest.update(line)
            count += file.write(line) > 0
    return {"sha256": digest.hexdigest(), "bytes": path.stat().st_size, "rows": count}


def hash_of(files: Mapping[str, Mapping[str, Any]]) -> str:
    named = [[name, files[name]["sha256"]] for name in sorted(files)]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


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
    """A file's rows. DatasetError where its bytes are not those that were frozen."""
    path = Path(settings.DATA_DIR) / version.path / file
    try:
        with path.open("rb") as opened:
            same = (
                hashlib.file_digest(opened, "sha256").hexdigest() == version.files[file]["sha256"]
            )
            opened.seek(0)
            lines = opened.read().splitlines() if same else []
    except OSError as error:
        raise DatasetError(f"{file} of {version} cannot be read: {error.strerror}.") from error
    if not same:
        raise DatasetError(f"{file} of {version} was changed after it was frozen. Freeze it anew.")
    yield from map(json.loads, lines)
