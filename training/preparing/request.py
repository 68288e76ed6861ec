"""What the preparing process is told and what it leaves in its folder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from training.splits import SPLITS
from training.tables import Limits, Options

SOURCE, BUILT, FILES, REFUSED = "source", "built", "files.json", "refused.jsonl"
UPLOAD = f"{SOURCE}/upload"
Way = Literal["one", "shares", "own", "files"]


@dataclass(frozen=True)
class Splits:
    """How rows are split: all into `split`, by `shares` of the prompts with a `seed`, by the
    file's own `column`, or as the hub's files are."""

    way: Way = "shares"
    split: str = "train"
    shares: Mapping[str, float] = field(default_factory=lambda: {SPLITS[0]: 1.0})
    seed: int = 0
    column: str = ""


@dataclass(frozen=True)
class Choices:
    """What a person says about the rows."""

    kind: str
    mapping: Mapping[str, Sequence[str]]
    splits: Splits


@dataclass(frozen=True)
class Hub:
    """What to fetch. `config` and `split` may be empty: all there is."""

    repo: str
    config: str = ""
    split: str = ""
    revision: str = ""


@dataclass(frozen=True)
class Request:
    """`work` is a hidden folder. `name` is what the uploaded file in it is called. `choices` are
    there for building only. `seconds` are processor time, `memory` is bytes."""

    work: str
    name: str = ""
    hub: Hub | None = None
    options: Options = field(default_factory=Options)
    choices: Choices | None = None
    limits: Limits = field(default_factory=Limits)
    seconds: int = 1800
    memory: int = 2_000_000_000

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def folder(self) -> Path:
        return Path(self.work)


def of_dict(data: Mapping[str, Any]) -> Request:
    parts = dict(data)
    hub, choices = parts.pop("hub"), parts.pop("choices")
    options, limits = Options(**parts.pop("options")), Limits(**parts.pop("limits"))
    return Request(
        **parts,
        hub=Hub(**hub) if hub else None,
        options=options,
        limits=limits,
        choices=choices_of(choices) if choices else None,
    )


def choices_of(data: Mapping[str, Any]) -> Choices:
    return Choices(data["kind"], data["mapping"], Splits(**data["splits"]))


@dataclass(frozen=True)
class SourceFile:
    """A file to read: where it lies in the folder, its own name, and its split if it has one."""

    path: str
    name: str
    split: str = ""


def save_files(folder: Path, files: Sequence[SourceFile]) -> None:
    (folder / FILES).write_text(json.dumps([asdict(file) for file in files]))


def saved_files(folder: Path) -> list[SourceFile]:
    return [SourceFile(**file) for file in json.loads((folder / FILES).read_text())]
