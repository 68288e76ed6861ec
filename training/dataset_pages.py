"""Datasets as the pages show them: where a version came from, its size, what changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from training.dataset_panels import Panel, panels_of
from training.models import Dataset, DatasetVersion
from training.rows import split_of
from training.services import dataset_changes
from training.services.dataset_changes import Counts
from training.splits import SPLITS


@dataclass(frozen=True)
class Origin:
    words: str
    url: str = ""


@dataclass(frozen=True)
class DatasetRow:
    """One line of the list; a dataset without versions has only a name."""

    dataset: Dataset
    version: DatasetVersion | None
    origin: Origin


@dataclass(frozen=True)
class VersionRow:
    version: DatasetVersion
    origin: Origin
    older: DatasetVersion | None
    changes: Counts | None


def rows(datasets: Iterable[Any], user: User) -> list[DatasetRow]:
    """`datasets` come from `with_versions`."""
    listed = list(datasets)
    newest = DatasetVersion.objects.select_related("dataset", "made_by").in_bulk(
        [dataset.newest for dataset in listed if dataset.newest]
    )
    return [
        DatasetRow(dataset, version, origin(version, panels_of(version, user)))
        if (version := newest.get(dataset.newest))
        else DatasetRow(dataset, None, Origin(""))
        for dataset in listed
    ]


def versions(found: Iterable[DatasetVersion], user: User) -> list[VersionRow]:
    return [version_row(version, user) for version in found]


def version_row(version: DatasetVersion, user: User) -> VersionRow:
    older = dataset_changes.before(version)
    changes = dataset_changes.counts(version, older) if older else None
    return VersionRow(version, origin(version, panels_of(version, user)), older, changes)


def origin(version: DatasetVersion, panels: Iterable[Panel]) -> Origin:
    """What it was made from, in words."""
    for panel in panels:
        if panel.source:
            return Origin(panel.source, panel.source_url)
    source = version.source
    if source.get("from") == "file":
        return Origin(f"The file {source.get('file', '')}")
    if source.get("from") == "hub":
        config = f", {source['config']}" if source.get("config") else ""
        commit = str(source.get("commit", ""))[:7]
        return Origin(f"{source.get('repo', '')}{config} on the hub, at {commit}")
    if "project" in source:
        return Origin("Rankings of a feedback project")
    return Origin("Not stated")


def by_split(version: DatasetVersion) -> list[dict[str, Any]]:
    """Files with their facts, train before validation before test."""
    files = [{"name": n, "split": split_of(n), **facts} for n, facts in version.files.items()]
    order = {split: place for place, split in enumerate(SPLITS)}
    return sorted(files, key=lambda file: (order.get(file["split"], 9), file["name"]))
