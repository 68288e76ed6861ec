"""What fits into a method's slots, and why the rest does not."""

from collections.abc import Iterable

from training.kinds import KINDS
from training.methods import Method, Slot
from training.models import Dataset, DatasetVersion, ModelVersion


def slot_of(method: Method, name: str) -> Slot | None:
    return next((slot for slot in method.slots if slot.name == name), None)


def why_no_model(slot: Slot, version: ModelVersion, *, base: ModelVersion | None = None) -> str:
    """One sentence, or nothing where the version fits. `base`: what the run trains."""
    reason = model_reason(slot, version, base=base)
    return f"{slot.label}: {version.name} {reason}." if reason else ""


def model_reason(slot: Slot, version: ModelVersion, *, base: ModelVersion | None = None) -> str:
    """What follows the version's name in that sentence."""
    if version.kind not in slot.kinds:
        kind = version.get_kind_display().lower()
        wanted = words(ModelVersion.Kind(each).label for each in slot.kinds)
        return f"is of the kind {kind}; it takes {wanted}"
    if version.state != ModelVersion.State.READY:
        return f"can't be used now ({version.get_state_display().lower()})"
    if version.archived_at is not None:
        return "is archived; bring it back first"
    if slot.name == "adapter" and base is not None and version.base_id != base.pk:
        return f"was trained on {version.base}, not on {base.name}"
    return ""


def why_no_dataset(slot: Slot, version: DatasetVersion) -> str:
    reason = dataset_reason(slot, version)
    return f"{slot.label}: {version.dataset.name} {reason}" if reason else ""


def dataset_reason(slot: Slot, version: DatasetVersion) -> str:
    """What follows the dataset's name in that sentence."""
    if version.dataset.kind not in slot.kinds:
        kind = version.dataset.get_kind_display().lower()
        wanted = words(Dataset.Kind(each).label for each in slot.kinds)
        return f"holds {kind}; it takes {wanted}."
    if not rows_in(version, "train"):
        return f"has no rows in the split train of version {version.number}. Split it anew."
    return ""


def words(labels: Iterable[object]) -> str:
    return " or ".join(str(label).lower() for label in labels)


def file_of(version: DatasetVersion, split: str) -> str:
    """The name of the file that holds what a run learns from."""
    return f"{KINDS.get(version.dataset.kind).file}{split}.jsonl"


def rows_in(version: DatasetVersion, split: str) -> int:
    return int(version.files.get(file_of(version, split), {}).get("rows", 0))
