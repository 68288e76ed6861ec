"""The datasets of a new run, one row each; several are mixed by their weights."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from llmkit.numbers import whole_number
from training.models import DatasetVersion
from training.services.datasets import DatasetError, version_named
from training.services.runs.asking import Input
from training.services.runs.offers import Offer, Offers

MOST = 8
UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass
class DataRow:
    """`value` is a version's id as the form sends it, `weight` what was typed."""

    value: str
    weight: str = "1"
    error: str = ""


@dataclass
class DataRows:
    offers: Offers | None
    rows: list[DataRow] = field(default_factory=list)

    @classmethod
    def of(cls, offers: Offers | None, data: Any, start: Any) -> Self:
        """From what was sent, else from a file's value for `dataset`, else the first that fits."""
        if offers is None:
            return cls(None)
        if data is not None:
            values, weights = data.getlist("dataset"), data.getlist("weight")
            weights += ["1"] * (len(values) - len(weights))
            rows = [DataRow(value, weight) for value, weight in zip(values, weights, strict=False)]
        else:
            rows = [*begun(start)] or [DataRow(offers.values[0] if offers.values else "")]
        found = cls(offers, rows[: MOST if offers.slot.many else 1])
        found._check()
        return found

    def changed(self, action: str) -> None:
        """`add` a row, or `remove:2` one."""
        verb, _, place = action.partition(":")
        if verb == "add" and len(self.rows) < MOST:
            taken = {row.value for row in self.rows}
            free = [offer.value for offer in self._newest() if offer.value not in taken]
            self.rows.append(DataRow(free[0] if free else ""))
        at = whole_number(place)
        if verb == "remove" and at is not None and at < len(self.rows) > 1:
            del self.rows[at]

    @property
    def many(self) -> bool:
        return self.offers is not None and self.offers.slot.many

    @property
    def can_add(self) -> bool:
        return self.many and len(self.rows) < min(MOST, len(self._offers()))

    @property
    def errors(self) -> list[str]:
        return [row.error for row in self.rows if row.error]

    @property
    def inputs(self) -> Sequence[Input]:
        """Of the rows that are right; one alone weighs 1."""
        right, weighed = [row for row in self.rows if not row.error], len(self.rows) > 1
        versions = DatasetVersion.objects.select_related("dataset")
        known = versions.in_bulk([int(row.value) for row in right])
        return [
            Input(known[int(row.value)], float(row.weight) if weighed else 1.0) for row in right
        ]

    @property
    def first_name(self) -> str:
        """Of the first dataset, as it may stand in a run's name."""
        first = self.rows[0].value if self.rows else ""
        labels = [offer.label for offer in self._offers() if offer.value == first]
        return UNFIT.sub("-", labels[0].rpartition(",")[0]) if labels else ""

    def _offers(self) -> Sequence[Offer]:
        return self.offers.fitting if self.offers else ()

    def _newest(self) -> list[Offer]:
        return self.offers.newest if self.offers else []

    def _check(self) -> None:
        fitting, seen = [offer.value for offer in self._offers()], set()
        for row in self.rows:
            if row.value not in fitting:
                row.error = (
                    "Choose a dataset." if not row.value else "This dataset can't be chosen."
                )
            elif row.value in seen:
                row.error = "This dataset is there twice. Give it a larger weight instead."
            elif len(self.rows) > 1 and not is_weight(row.weight):
                row.error = "The weight must be a number above 0."
            seen.add(row.value)


def is_weight(text: str) -> bool:
    try:
        return 0 < float(text) < 1e9
    except ValueError:
        return False


def begun(value: Any) -> list[DataRow]:
    """From a file's value for `dataset`; what is no longer there is left out."""
    several = value if isinstance(value, list | tuple) else [value] if value else []
    found = []
    for each in several:
        said: dict[str, Any] = {"name": each} if isinstance(each, str) else each
        try:
            version = version_named(said["name"], said.get("version"))
        except DatasetError:
            continue
        found.append(DataRow(str(version.pk), f"{float(said.get('weight', 1)):g}"))
    return found
