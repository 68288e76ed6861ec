"""What a task and a pack say about themselves.

name: cola
title: CoLA
about: Is the sentence good English?
version: "1"
licence: public research use
kind: harness                          # or template
harness: glue/cola/default.yaml        # of lm-evaluation-harness, or our/NAME.yaml
measures: [matthews]                   # the first is the one it is known by
splits: {validation: 1043}             # with how many items; the last one is asked
hub: {path: nyu-mll/glue, config: cola}
files: {reader: table, separator: tab, columns: [source, label, mark, sentence], ...}
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from evaluation.benchmarks.errors import BenchmarkError

HERE = Path(__file__).parent
KINDS = ("harness", "template")


@dataclass(frozen=True)
class Hub:
    """A dataset on the hub; `splits` names ours by its."""

    path: str
    config: str = ""
    splits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """See the module. `items`: a file of ours. `cluster`: the columns that name an item's source.
    `parts`: a column whose every value has a harness file of its own.

    `repeats` of the harness's filters: a measure `exact_match:strict-match` is the metric
    `exact_match` under the filter `strict-match`. `prompt` is a template's data, `input` and
    `references` the columns that go into it, `shots_from` the split whose rows are its examples.
    `of`: the task whose items it asks, its texts in the columns `perturbs` changed in the way
    `perturb`. `choices`: how many an item has, about. `chat`: it is asked through the model's
    chat template whatever the run does. `changes` are put over the harness's own file.
    """

    name: str
    title: str
    about: str
    version: str
    kind: str
    measures: tuple[str, ...]
    splits: Mapping[str, int]
    licence: str = ""
    source: str = ""
    area: str = ""
    harness: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    hub: Hub | None = None
    files: Mapping[str, Any] = field(default_factory=dict)
    items: str = ""
    cluster: str | Sequence[str] = ""
    parts: str = ""
    prompt: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    references: str = "references"
    shots_from: str = ""
    chat: bool = False
    choices: int = 2
    of: str = ""
    perturb: str = ""
    perturbs: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def home(self) -> str:
        """The folder of its items: a perturbed task asks another one's."""
        return self.of or self.name

    @property
    def split(self) -> str:
        """The split whose items are asked."""
        return list(self.splits)[-1]

    @property
    def requests(self) -> int:
        """How many an item takes, about: one text to write, or one reading for each choice."""
        return 1 if self.writes else self.choices

    @property
    def size(self) -> int:
        return self.splits[self.split]

    @property
    def writes(self) -> bool:
        """Whether the model has to write texts; else how likely given ones are is read."""
        return self.kind == "template" or bool(self.settings.get("writes"))

    @property
    def shipped(self) -> dict[str, Path]:
        """Its own items by split, where they come along with this site."""
        return {self.split: HERE / "items" / self.items} if self.items else {}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str) -> Self:
        """BenchmarkError with the name of the file for what is missing or unknown."""
        known = {each.name for each in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise BenchmarkError(f"{where} has unknown parts: {', '.join(unknown)}.")
        hub = Hub(**data["hub"]) if data.get("hub") else None
        measures = tuple(data.get("measures", ()))
        try:
            made = cls(**{**data, "hub": hub, "measures": measures})
        except TypeError as error:
            raise BenchmarkError(f"{where} lacks something: {error}.") from error
        if made.kind not in KINDS or not made.measures or not made.splits:
            raise BenchmarkError(f"{where} needs a kind ({', '.join(KINDS)}), measures and splits.")
        return made

    def to_dict(self) -> dict[str, Any]:
        """For a run's config.json."""
        return {**asdict(self), "measures": list(self.measures)}


@dataclass(frozen=True)
class Pack:
    """Tasks that belong together. `average`: whether they are averaged to one number, by the first
    measure of each, or by the mean of those that are named for it: `{mrpc: [acc, label_f1]}`."""

    name: str
    title: str
    about: str
    version: str
    tasks: tuple[str, ...]
    average: bool | Mapping[str, Sequence[str]] = False
    source: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str) -> Self:
        try:
            return cls(**{**data, "tasks": tuple(data.get("tasks", ()))})
        except TypeError as error:
            raise BenchmarkError(f"{where} can't be read: {error}.") from error
