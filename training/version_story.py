"""How a version came about, as its page and its card tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.access import ADMIN, is_in_group
from accounts.models import User
from llmkit import tuning
from llmkit.registry import RegistryError
from training import methods
from training.models import Dataset, ModelVersion, TrainingData, TrainingJob

SAID_ELSEWHERE = {"kind"}


@dataclass(frozen=True)
class Story:
    """The run that made it, in words. `data` holds only what the reader may see."""

    job: TrainingJob
    method: str
    way: str
    data: tuple[TrainingData, ...]
    may_open: bool

    @property
    def settings(self) -> Mapping[str, Any]:
        """The method's and the way's settings together."""
        peft = {name: value for name, value in self.job.peft.items() if name not in SAID_ELSEWHERE}
        return {**self.job.config, **peft}

    @property
    def measures(self) -> Mapping[str, Any]:
        return {k: v for k, v in self.job.measures.items() if isinstance(v, int | float)}


def story_of(version: ModelVersion, user: User | None = None) -> Story | None:
    """None for what was not made here. Without a `user` everything is told."""
    job = TrainingJob.objects.filter(produced=version).select_related("owner", "model").first()
    if job is None:
        return None
    given = job.data.select_related("version__dataset")
    if user is not None:
        given = given.filter(version__dataset__in=Dataset.objects.seen_by(user))
    may_open = user is None or job.owner_id == user.pk or is_in_group(user, ADMIN)
    return Story(job, method_label(job.method), way_label(job.peft), tuple(given), may_open)


def method_label(name: str) -> str:
    try:
        return methods.get(name).label
    except RegistryError:
        return name


def way_label(peft: Mapping[str, Any]) -> str:
    name = str(peft.get("kind", ""))
    try:
        return tuning.get(name).label
    except RegistryError:
        return name
