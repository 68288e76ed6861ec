"""What one does to a dataset: name it, note something, put it away, bring it back, delete it."""

import logging
import shutil

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.recording import Verb
from training.dataset_uses import Dependant, dependants_of
from training.models import Dataset
from training.services import recorded
from training.services.datasets import DatasetError

log = logging.getLogger(__name__)
LONGEST_NOTES = 20_000


@transaction.atomic
def change(*, dataset: Dataset, name: str, licence: str, notes: str, shared: bool = False) -> None:
    """Store what people say about it. DatasetError for a name that is empty or taken."""
    name = name.strip()
    if not name:
        raise DatasetError("A dataset needs a name.")
    stored = Dataset.objects.get(pk=dataset.pk)
    dataset.name, dataset.licence, dataset.notes = name, licence.strip(), notes[:LONGEST_NOTES]
    dataset.shared = shared
    try:
        with transaction.atomic():
            dataset.save(update_fields=["name", "licence", "notes", "shared"])
    except IntegrityError as error:
        raise DatasetError(f"There is a dataset called {name} already.") from error
    if stored.name != name:
        recorded.of_dataset(Verb.RENAMED, dataset, before=stored.name)
    if stored.shared != shared:
        recorded.of_dataset(Verb.SHARED if shared else Verb.UNSHARED, dataset)


@transaction.atomic
def archive(*, dataset: Dataset) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(archived_at=timezone.now())
    recorded.of_dataset(Verb.ARCHIVED, dataset)


@transaction.atomic
def restore(*, dataset: Dataset) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(archived_at=None)
    recorded.of_dataset(Verb.UNARCHIVED, dataset)


def dependants(dataset: Dataset) -> list[Dependant]:
    return dependants_of(list(dataset.versions.all()))


def delete(*, dataset: Dataset) -> None:
    """Remove it with its versions and files for good. DatasetError while something needs it."""
    folders = _deleted(dataset)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@transaction.atomic
def _deleted(dataset: Dataset) -> list[str]:
    if dataset.archived_at is None:
        raise DatasetError("Archive the dataset first; then it can be deleted.")
    needed = dependants(dataset)
    if needed:
        names = ", ".join(one.name for one in needed[:3])
        more = f" and {len(needed) - 3} more" if len(needed) > 3 else ""
        raise DatasetError(f"{dataset} is needed by {names}{more}, so it stays.")
    versions = list(dataset.versions.all())
    recorded.of_dataset(Verb.REMOVED, dataset, versions=len(versions))
    try:
        dataset.versions.all().delete()
        dataset.delete()
    except ProtectedError as error:
        raise DatasetError(f"{dataset} is needed by something else, so it stays.") from error
    return [str(version.folder) for version in versions]
