"""Answers scored by a reward model, from a file or from rows. torch is read when it is needed."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.types import EngineError
from training.kinds import RowError, values
from training.models import ModelVersion
from training.services.errors import RunsError
from training.services.runs.asking import version_of

if TYPE_CHECKING:
    from llmkit.scoring import Scorer

CHUNK = 64
Answer = tuple[list[values.Message], str]


def reward_named(name: str) -> ModelVersion:
    """RunsError where there is none of that name, or it is something else, or not ready."""
    version = version_of(name)
    if version.kind != ModelVersion.Kind.REWARD or version.base is None:
        kind = version.get_kind_display().lower()
        raise RunsError(f"{name} is of the kind {kind}. Name a reward model.")
    if version.state != ModelVersion.State.READY or not version.folder.is_dir():
        raise RunsError(f"{name} can't be used now: its files are not there.")
    return version


def scores(version: ModelVersion, answers: Iterator[Answer]) -> Iterator[float]:
    """Normalised scores in the answers' order, read piece by piece."""
    try:
        scorer = opened(str(version.base.folder if version.base else ""), str(version.folder))
        while part := list(islice(answers, CHUNK)):
            yield from scorer.score(part)
    except (EngineError, OSError) as error:
        raise RunsError(f"{version.name} can't be used: {error}") from error


def raw_scores(version: ModelVersion, answers: Iterator[Answer]) -> Iterator[float]:
    """Before normalisation: the difference of two is the log-odds that one beats the other."""
    facts = json.loads((version.folder / "reward.json").read_text())
    return (score * facts["std"] + facts["mean"] for score in scores(version, answers))


@lru_cache(maxsize=1)
def opened(base: str, folder: str) -> "Scorer":
    from llmkit.scoring import open_scorer

    return open_scorer(Path(base), Path(folder))


def answers_in(path: Path) -> Iterator[Answer]:
    """From lines of {"messages" or "prompt", "completion" or "reply"}. RunsError by row."""
    try:
        with path.open(encoding="utf-8") as file:
            lines = ((n, line) for n, line in enumerate(file, start=1) if line.strip())
            for number, line in lines:
                yield answer_of(number, line)
    except (OSError, UnicodeDecodeError) as error:
        raise RunsError(f"{path} can't be read: {error}.") from error


def answer_of(number: int, line: str) -> Answer:
    try:
        row = json.loads(line)
        if not isinstance(row, Mapping):
            raise RowError("is no object")
        return parts(row)
    except RowError as fault:
        raise RunsError(f"Row {number} {fault}.") from fault
    except ValueError as error:
        raise RunsError(f"Row {number} is not JSON: {error}.") from error


def parts(row: Mapping[str, Any]) -> Answer:
    said = row.get("messages", row.get("prompt"))
    reply = row.get("completion", row.get("reply"))
    if said is None:
        raise RowError("has no messages and no prompt")
    if not isinstance(reply, str) or not reply.strip():
        raise RowError("has no completion")
    try:
        return values.prompt(said, row.get("system")), reply
    except RowError as fault:
        raise RowError(f"can't be used: {fault}") from fault
