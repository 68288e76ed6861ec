"""Scores by a reward model, from the engine that has its base in memory: this process needs no
torch, and nothing is loaded twice."""

import json
from collections.abc import Sequence

from asgiref.sync import async_to_sync

from llmkit.types import EngineError
from training import engines
from training.models import ModelVersion
from training.services.errors import RunsError
from training.services.runs.scoring import Answer

AT_ONCE = 32


def to_choose_from() -> "list[ModelVersion]":
    """Reward models that can score now, by name."""
    rewards = ModelVersion.objects.ready().in_use().filter(kind=ModelVersion.Kind.REWARD)
    return list(rewards.exclude(base=None).select_related("base"))


def scores(version: ModelVersion, answers: Sequence[Answer]) -> list[float]:
    """Normalised, in the order of the answers. RunsError with a sentence for people."""
    base = version.base
    if version.state != ModelVersion.State.READY or base is None:
        raise RunsError(f"{version.name} can't score now: its files are not there.")
    try:
        return async_to_sync(_asked)(version.name, base.name, answers)
    except EngineError as error:
        raise RunsError(sentence(version, error)) from error


def sentence(version: ModelVersion, error: EngineError) -> str:
    if error.code == "unreachable":
        return f"{version.name} can't score now: the engine does not answer."
    return str(error)


async def _asked(name: str, base: str, answers: Sequence[Answer]) -> list[float]:
    client = await engines.client_for(base)
    found: list[float] = []
    for start in range(0, len(answers), AT_ONCE):
        found += await client.score(name, base, answers[start : start + AT_ONCE])
    return found


def raw_scores(version: ModelVersion, answers: Sequence[Answer]) -> list[float]:
    """Before normalisation: the difference of two is the log-odds that one beats the other."""
    try:
        facts = json.loads((version.folder / "reward.json").read_text())
        mean, std = float(facts["mean"]), float(facts["std"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunsError(f"{version.name} can't score now: its reward.json is damaged.") from error
    return [score * std + mean for score in scores(version, answers)]
