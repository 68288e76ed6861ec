"""What a new version would add to the last one and what it would lack, with the reasons."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection
from typing import Any

from feedback.models import Annotation, Project
from feedback.rules.splits import SPLITS
from feedback.services.snapshots.gathering import AT_ONCE
from feedback.services.snapshots.rows import Row
from feedback.services.snapshots.snapshot import Snapshot
from feedback.services.snapshots.standing import history
from training.models import Dataset, DatasetVersion
from training.services import datasets

NEW = "new rankings"
OTHER_CHOICES = "other choices for this version, or votes that changed"
NOW_CLOSE = "people contradict each other now, or other choices for this version"
Told = dict[bytes, tuple[str, list[int], bytes]]


def changes_since(made: Snapshot, last: DatasetVersion) -> dict[str, Any]:
    """Pairs added, gone and moved to another split, and those whose votes or weight changed."""
    old, new = old_pairs(last), pairs_of(made)
    added = {key: new[key] for key in new.keys() - old.keys()}
    gone = {key: old[key] for key in old.keys() - new.keys()}
    both = old.keys() & new.keys()
    return {
        "since": last.number,
        "added": len(added),
        "gone": len(gone),
        "moved": sum(old[key][0] != new[key][0] for key in both),
        "changed": sum(old[key][2] != new[key][2] for key in both),
        "why_added": why_added(added, set(last.source.get("annotations", []))),
        "why_gone": why_gone(gone, made),
    }


def last_version(project: Project, name: str) -> DatasetVersion | None:
    """The newest version of that name, where it was made from this project."""
    named = DatasetVersion.objects.filter(dataset__name=name, dataset__kind=Dataset.Kind.PREFERENCE)
    last = named.order_by("-number").first()
    return last if last is not None and last.source.get("project") == project.pk else None


def pairs_of(made: Snapshot) -> Told:
    return {key(row): told(row, split) for split in SPLITS for row in made.rows("pairs", split)}


def old_pairs(last: DatasetVersion) -> Told:
    return {
        key(row): told(row, split)
        for split in SPLITS
        for row in datasets.rows_of(last, f"pairs.{split}.jsonl")
    }


def key(row: Row) -> bytes:
    """A pair is the same where task and both answers are."""
    return digest([row["task"], row["chosen"], row["rejected"]])


def told(row: Row, split: str) -> tuple[str, list[int], bytes]:
    return split, row["annotations"], digest([row["votes"], row["weight"]])


def digest(parts: list[Any]) -> bytes:
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).digest()


def why_added(added: Told, known: Collection[int]) -> dict[str, int]:
    reasons = Counter(
        OTHER_CHOICES if set(annotations) <= set(known) else NEW
        for _, annotations, _ in added.values()
    )
    return dict(sorted(reasons.items()))


def why_gone(gone: Told, made: Snapshot) -> dict[str, int]:
    """By the first of a pair's annotations that counts no more, else by the votes."""
    concerned = {pk for _, annotations, _ in gone.values() for pk in annotations}
    reasons = made.left_out | ended(concerned - made.said_by.keys() - made.left_out.keys())
    return dict(sorted(Counter(reason_of(pks, reasons) for _, pks, _ in gone.values()).items()))


def reason_of(annotations: Collection[int], reasons: dict[int, str]) -> str:
    return next((reasons[pk] for pk in annotations if pk in reasons), NOW_CLOSE)


def ended(annotations: Collection[int]) -> dict[int, str]:
    """Why these are no longer current."""
    keys, found = sorted(annotations), dict[int, str]()
    for start in range(0, len(keys), AT_ONCE):
        tasks = Annotation.objects.filter(pk__in=keys[start : start + AT_ONCE]).values("task")
        found |= history(Annotation.objects.filter(task__in=tasks))
    return {pk: reason for pk, reason in found.items() if pk in annotations and reason}
