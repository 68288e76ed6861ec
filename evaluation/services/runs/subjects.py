"""Who is measured: a model of this machine, or one that another server answers for."""

from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings

from evaluation.services.errors import EvaluationsError
from llmkit.registry import near_names
from training import engines
from training.models import Endpoint, ModelVersion


@dataclass(frozen=True)
class Subject:
    """`urls` are the servers that may answer, `key` what they want to be shown."""

    model: ModelVersion | None = None
    remote: str = ""
    asked_as: str = ""
    urls: tuple[str, ...] = ()
    key: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return self.model.name if self.model else self.remote

    @property
    def identity(self) -> str:
        return f"model:{self.model.pk}" if self.model else f"remote:{self.remote}"

    def for_config(self) -> dict[str, Any]:
        """Where it lies, for a run's config.json; never its key."""
        if self.model is None:
            return {"name": self.remote, "asked_as": self.asked_as}
        base = self.model.base if self.model.is_adapter else self.model
        found = {"name": self.model.name, "path": str((base or self.model).folder)}
        return found | ({"adapter": str(self.model.folder)} if self.model.is_adapter else {})


def subject_named(name: str) -> Subject:
    """EvaluationsError with near names where there is none, or it can't answer."""
    known = ModelVersion.objects.known().select_related("base")
    version = known.filter(name=name).first()
    if version is not None:
        return subject_of(version)
    remote = _remotes().get(name)
    if remote is not None:
        return remote
    near = near_names(name, [*known.values_list("name", flat=True), *_remotes()])
    raise EvaluationsError(f"There is no model '{name}'. {near}", "model")


def subject_of(version: ModelVersion) -> Subject:
    require_usable(version)
    return Subject(version, urls=tuple(settings.ENGINE_URLS), key=settings.ENGINE_API_KEY or "")


def require_usable(version: ModelVersion) -> None:
    if version.kind == ModelVersion.Kind.REWARD:
        raise EvaluationsError(
            f"{version.name} is a reward model, which writes no answers. Choose one that does.",
            "model",
        )
    if version.state != ModelVersion.State.READY:
        why = version.error or f"It is {version.get_state_display().lower()}."
        raise EvaluationsError(f"{version.name} can't be used now. {why}", "model")


def _remotes() -> dict[str, Subject]:
    """Models of endpoints by the names that people see."""
    found = tuple(Endpoint.objects.enabled())
    taken = frozenset(ModelVersion.objects.known().values_list("name", flat=True))
    named = engines.public_names(found, taken)
    return {
        ours: Subject(None, ours, theirs, (each.url,), each.api_key)
        for each in found
        for ours, theirs in named[each.name].items()
    }


def remote_names() -> list[str]:
    return sorted(_remotes())


async def _served() -> list[str]:
    try:
        return await engines.models()
    finally:
        await engines.close()


def served_now() -> list[str]:
    """What some server answers for at this moment."""
    return async_to_sync(_served)()
