"""The part of a new run's form that makes several: seeds, and values of up to two settings."""

from dataclasses import dataclass
from typing import Any

from llmkit import tuning
from llmkit.configs import ConfigError, Setting, checked, in_words, settings_of
from training.methods import Method
from training.services.runs.sweeping import MOST_RUNS, WITHIN, runs_in

PLACES = (1, 2)


@dataclass(frozen=True)
class SweepPart:
    """`typed` is what was sent; `way` the way of tuning that is taken, None when going on."""

    method: Method
    way: str | None
    typed: Any

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in self._known().items()]

    def _known(self) -> dict[str, tuple[str, Setting]]:
        """By the name that a run's values are found under."""
        own = [each for each in settings_of(self.method.config) if each.name != "seed"]
        found = {each.name: (each.about.label, each) for each in own}
        if self.way is not None:
            way = tuning.get(self.way)
            for each in settings_of(way.config):
                found[f"{WITHIN}{each.name}"] = (f"{way.label}: {each.about.label}", each)
        return {name: kept for name, kept in found.items() if kept[1].kind is not tuple}

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {"place": place, "field": self._at("field", place), "values": self._at("values", place)}
            for place in PLACES
        ]

    @property
    def seeds(self) -> str:
        return str(self.typed.get("sweep_seeds", "")) if self.typed is not None else ""

    @property
    def is_open(self) -> bool:
        return bool(self.seeds or any(row["values"] for row in self.rows))

    def _at(self, what: str, place: int) -> str:
        return str(self.typed.get(f"sweep_{what}_{place}", "")) if self.typed is not None else ""

    def fields(self) -> dict[str, list[Any]]:
        """Nothing where one run is wanted. ConfigError with a sentence where something is wrong."""
        known, found = self._known(), {}
        for row in self.rows:
            if row["values"] and row["field"] in known:
                found[row["field"]] = several(known[row["field"]][1], row["values"])
            elif row["values"]:
                raise ConfigError("sweep", "Choose the setting that these values are of.")
        seed = next((s for s in settings_of(self.method.config) if s.name == "seed"), None)
        if self.seeds and seed is not None:
            found["seed"] = several(seed, self.seeds)
        if runs_in(found) > MOST_RUNS:
            sentence = f"These are {runs_in(found)} runs. Start at most {MOST_RUNS} at once."
            raise ConfigError("sweep", sentence)
        return found


def several(setting: Setting, text: str) -> list[Any]:
    """Each value once."""
    try:
        words = list(in_words(text))
    except ValueError as error:
        raise ConfigError(setting.name, f"{setting.about.label}: a quote is not closed.") from error
    return list(dict.fromkeys(checked(setting, word) for word in words))
