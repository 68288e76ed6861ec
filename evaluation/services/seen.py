"""What a model was trained on, as far as this site knows: by lineage, the runs behind it."""

from collections.abc import Iterator
from pathlib import Path

from training.models import DatasetVersion, ModelVersion, TrainingJob

TRAINED_ON = "train.jsonl"


def versions_of(model: ModelVersion | None) -> list[DatasetVersion]:
    """Dataset versions of its run and of its ancestors' runs."""
    found: dict[int, DatasetVersion] = {}
    for each in ancestry(model):
        runs = TrainingJob.objects.filter(produced=each)
        for version in DatasetVersion.objects.filter(runs__in=runs).select_related("dataset"):
            found[version.pk] = version
    return list(found.values())


def ancestry(model: ModelVersion | None) -> Iterator[ModelVersion]:
    """Itself, what it was trained from, and what it sits on; each once."""
    waiting, known = [model], set()
    while waiting:
        each = waiting.pop()
        if each is not None and each.pk not in known:
            known.add(each.pk)
            yield each
            waiting += [each.parent, each.base]


def files_of(model: ModelVersion | None) -> Iterator[tuple[str, Path]]:
    """A name and the path of every file that was learnt from and is still there."""
    for version in versions_of(model):
        for name in version.files:
            path = version.folder / name
            if name.endswith(TRAINED_ON) and path.is_file():
                yield f"seen/{version.pk}/{name}", path
