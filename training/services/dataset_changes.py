"""What is new and what is gone between two versions, row by row."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.cache import cache

from training.models import DatasetVersion
from training.rows import split_of
from training.services.dataset_rows import ShownRow, as_shown, numbered

COMPARED_AT_ONCE = 50_000_000
MOST_SHOWN = 200
DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Counts:
    """`moved`: rows that stand in another split now."""

    added: int
    gone: int
    moved: int


def before(version: DatasetVersion) -> DatasetVersion | None:
    older = version.dataset.versions.filter(number__lt=version.number)
    return older.order_by("-number").first()


def counts(version: DatasetVersion, older: DatasetVersion) -> Counts | None:
    """None where both together are too large to be compared while someone waits."""
    if version.size + older.size > COMPARED_AT_ONCE:
        return None
    key = f"dataset-changes:{older.content_hash}:{version.content_hash}"
    found: Counts | None = cache.get(key)
    if found is None:
        found = counted(version, older)
        cache.set(key, found, DAY)
    return found


def counted(version: DatasetVersion, older: DatasetVersion) -> Counts:
    new, old = prints(version), prints(older)
    new_rows, old_rows = (Counter(row for _, row in found.elements()) for found in (new, old))
    added, gone = (new_rows - old_rows).total(), (old_rows - new_rows).total()
    moved = (new - old).total() - added
    return Counts(added, gone, moved)


def prints(version: DatasetVersion) -> Counter[tuple[str, bytes]]:
    """Every row of a version as its split and a fingerprint."""
    return Counter(
        (name, fingerprint(line)) for name in version.files for _, line in numbered(version, name)
    )


def fingerprint(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()


def only_in(one: DatasetVersion, other: DatasetVersion) -> Iterator[tuple[str, ShownRow]]:
    """The rows of one version that the other has nowhere, with their split."""
    known = Counter(row for _, row in prints(other).elements())
    for name in one.files:
        for number, line in numbered(one, name):
            mark = fingerprint(line)
            if known[mark]:
                known[mark] -= 1
            else:
                yield split_of(name), as_shown(number, line)
