"""What a person may put into a method's slots, and what else there is, with why it does not fit."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import User
from training.methods import Method, Slot
from training.models import Dataset, DatasetVersion, ModelVersion
from training.services.runs.slots import dataset_reason, model_reason, rows_in


@dataclass(frozen=True)
class Offer:
    """One thing: what a form sends for it, and how it is called. `why` it does not fit, if so."""

    value: str
    label: str
    note: str = ""
    why: str = ""
    older: bool = False


@dataclass(frozen=True)
class Offers:
    slot: Slot
    fitting: tuple[Offer, ...]
    rest: tuple[Offer, ...]

    @property
    def values(self) -> list[str]:
        return [offer.value for offer in self.fitting]

    @property
    def newest(self) -> list[Offer]:
        return [offer for offer in self.fitting if not offer.older]

    @property
    def older(self) -> list[Offer]:
        return [offer for offer in self.fitting if offer.older]


def of_method(method: Method, user: User, *, base: ModelVersion | None = None) -> dict[str, Offers]:
    """By the slot's name. `base`: the chosen model, which an adapter has to be trained on."""
    models = list(ModelVersion.objects.known().select_related("base"))
    datasets = versions_seen_by(user)
    return {
        slot.name: of_datasets(slot, datasets)
        if slot.what == "dataset"
        else of_models(slot, models, base)
        for slot in method.slots
    }


def of_models(slot: Slot, known: Iterable[ModelVersion], base: ModelVersion | None) -> Offers:
    offers = [
        Offer(
            value=version.name,
            label=version.name,
            note=version.licence,
            why=model_reason(slot, version, base=base),
        )
        for version in known
    ]
    return split(slot, offers)


def versions_seen_by(user: User) -> list[list[DatasetVersion]]:
    """For each dataset in use its versions, newest first."""
    by_dataset: dict[int, list[DatasetVersion]] = {}
    seen = Dataset.objects.seen_by(user).in_use()
    found = DatasetVersion.objects.filter(dataset__in=seen).select_related("dataset")
    for version in found.order_by("dataset__name", "-number"):
        by_dataset.setdefault(version.dataset_id, []).append(version)
    return list(by_dataset.values())


def of_datasets(slot: Slot, datasets: Iterable[list[DatasetVersion]]) -> Offers:
    """Newest versions, and older ones that fit; of what does not fit the newest version only."""
    offers = []
    for newest, *older in datasets:
        offers.append(offer_of(slot, newest))
        further = (offer_of(slot, version, older=True) for version in older)
        offers += [offer for offer in further if not offer.why]
    return split(slot, offers)


def offer_of(slot: Slot, version: DatasetVersion, *, older: bool = False) -> Offer:
    why = dataset_reason(slot, version)
    rows = 0 if why else rows_in(version, "train")
    return Offer(
        value=str(version.pk),
        label=version.dataset.name if why else f"{version.dataset.name}, version {version.number}",
        note=f"{rows:,} rows to learn from" if rows else "",
        why=why.removesuffix("."),
        older=older,
    )


def split(slot: Slot, offers: Iterable[Offer]) -> Offers:
    found = list(offers)
    return Offers(
        slot,
        tuple(offer for offer in found if not offer.why),
        tuple(offer for offer in found if offer.why),
    )
