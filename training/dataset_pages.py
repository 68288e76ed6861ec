"""Datasets as the pages show them: where a version came from, its size, what changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from training.dataset_panels import Origin, Panel, origins_of
from training.models import Dataset, DatasetVersion
from training.rows import split_of
from training.services import dataset_changes
from training.services.dataset_changes import Counts
from training.splits import SPLITS


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
    told = origins_of(list(newest.values()), user)
    return [
        DatasetRow(dataset, version, origin(version, told))
        if (version := newest.get(dataset.newest))
        else DatasetRow(dataset, None, Origin(""))
        for dataset in listed
    ]


def versions(found: Iterable[DatasetVersion], user: User) -> list[VersionRow]:
    listed = list(found)
    told = origins_of(listed, user)
    return [version_row(version, origin(version, told)) for version in listed]


def version_row(version: DatasetVersion, origin: Origin) -> VersionRow:
    older = dataset_changes.before(version)
    changes = dataset_changes.counts(version, older) if older else None
    return VersionRow(version, origin, older, changes)


def origin_of(version: DatasetVersion, panels: Iterable[Panel], user: User) -> Origin:
    """As a panel says, else as lists say."""
    for panel in panels:
        if panel.source:
            return Origin(panel.source, panel.source_url)
    return origin(version, origins_of([version], user))


def origin(version: DatasetVersion, told: Mapping[int, Origin]) -> Origin:
    """What it was made from, in words."""
    if version.pk in told:
        return told[version.pk]
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


def how_made(version: DatasetVersion) -> list[str]:
    """The columns and the splits that a person chose, one sentence each."""
    source = version.source
    mapping = source.get("mapping", {})
    parts = [f"{name} from {' and '.join(theirs)}" for name, theirs in mapping.items()]
    found = ["; ".join(parts).capitalize() + "."] if parts else []
    splits = source.get("splits", {})
    return [*found, words_of_splits(splits)] if splits else found


def words_of_splits(splits: Mapping[str, Any]) -> str:
    if splits["way"] == "one":
        return f"All rows in {splits['split']}."
    if splits["way"] == "own":
        return f"Split by the column {splits['column']}."
    if splits["way"] == "files":
        return "Split as its files are."
    shares = ", ".join(f"{name} {share:.0%}" for name, share in splits["shares"].items())
    return f"Split by shares of the prompts: {shares}; seed {splits['seed']}."


def by_split(version: DatasetVersion) -> list[dict[str, Any]]:
    """Files with their facts, train before validation before test."""
    files = [{"name": n, "split": split_of(n), **facts} for n, facts in version.files.items()]
    order = {split: place for place, split in enumerate(SPLITS)}
    return sorted(files, key=lambda file: (order.get(file["split"], 9), file["name"]))
