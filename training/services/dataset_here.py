"""Adding a dataset here and now, in this process: for commands, which wait for it."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from accounts.models import User
from training.dataset_choosing import usual_name
from training.models import Dataset, DatasetAddition, DatasetVersion, Job
from training.preparing.request import Splits
from training.services import dataset_adding, dataset_places, dataset_working
from training.services.dataset_choices import Wanted
from training.services.datasets import DatasetError


def local(*, file: Path, by: User, header: bool = True) -> DatasetAddition:
    """A copy of the file, ready to be looked at."""
    try:
        size = file.stat().st_size
    except OSError as error:
        raise DatasetError(f"{file} can't be read: {error.strerror}.") from error
    addition = dataset_adding.begin_local(file_name=file.name, size=size, by=by)
    addition.choices = {} if header else {"header": False}
    addition.save(update_fields=["choices"])
    path = dataset_places.upload_file(addition.pk)
    path.parent.mkdir(parents=True)
    shutil.copyfile(file, path)
    return addition


def carried_out(
    addition: DatasetAddition, wanted: Callable[[DatasetAddition], Wanted], by: User
) -> DatasetVersion:
    """Look, choose, build. DatasetError with one sentence; nothing is kept then."""
    try:
        worked(addition)
        dataset_adding.confirm(addition=addition, wanted=wanted(addition), by=by, tell=False)
        worked(addition)
    finally:
        dataset_adding.cancel(addition=addition)
        dataset_places.clear(addition)
        dataset_adding.dismiss(addition=addition)
    if addition.version is None:
        raise DatasetError("It was cancelled.")
    return addition.version


def worked(addition: DatasetAddition) -> None:
    dataset_working.run(addition_id=str(addition.pk), attempt=addition.attempt)
    addition.refresh_from_db()
    if addition.state != Job.State.DONE:
        raise DatasetError(addition.error or "It was cancelled.")


def added(*, file: Path, kinds: Sequence[str], splits: Splits, by: User) -> DatasetVersion:
    """The file as the first of these kinds that its columns fit; split as it says itself, else by
    `splits`. The dataset is called like the file."""

    def wanted(addition: DatasetAddition) -> Wanted:
        suggested = addition.found.get("suggested", {})
        kind = next((kind for kind in kinds if kind in suggested), "")
        if not kind:
            columns = ", ".join(addition.found.get("columns", []))
            raise DatasetError(f"its columns ({columns}) are none that fit: {' or '.join(kinds)}.")
        own = addition.found.get("split_column")
        ways = Splits("own", column=own) if own else splits
        return Wanted(name_for(usual_name(addition), kind), kind, suggested[kind], ways)

    return carried_out(local(file=file, by=by), wanted, by)


def name_for(name: str, kind: str) -> str:
    """With the kind behind it where a dataset of another kind has the name."""
    taken = Dataset.objects.filter(name=name).exclude(kind=kind).exists()
    return f"{name} {kind}" if taken else name
