"""The Models page as it is shown: each model with its adapters, engine state and use."""

from dataclasses import dataclass, replace

from training.models import Addition, Endpoint, ModelVersion
from training.services import removal, serving
from training.services.serving import Served, Serving
from training.uses import Use, uses_of

QUICK_SECONDS = 2
CALM_SECONDS = 10
State = ModelVersion.State
WORDS = {
    "unloaded": "Not loaded",
    "loading": "Loading",
    "ready": "Loaded",
    "failed": "Did not load",
}


@dataclass(frozen=True)
class Shown:
    """One row. `addition` is the work that added it or tried to."""

    version: ModelVersion
    served: Served
    use: Use
    adapters: tuple["Shown", ...] = ()
    addition: Addition | None = None

    @property
    def is_ready(self) -> bool:
        return self.version.state == State.READY

    @property
    def is_loaded(self) -> bool:
        return self.served.state in ("ready", "loading")

    @property
    def state_words(self) -> str:
        if not self.is_ready:
            return str(self.version.get_state_display())
        return WORDS.get(self.served.state, "Not served")

    @property
    def tone(self) -> str:
        if self.version.state == State.MISSING:
            return "warn"
        return {"ready": "good", "failed": "danger"}.get(self.served.state, "")


@dataclass(frozen=True)
class Shelf:
    """Everything on the page. `refresh` is how soon it is worth asking again, in seconds."""

    models: tuple[Shown, ...]
    adding: tuple[Shown, ...]
    failed: tuple[Shown, ...]
    endpoints: tuple[Endpoint, ...]
    engines: Serving

    @property
    def refresh(self) -> int:
        loading = any(shown.served.state == "loading" for shown in self.models)
        return QUICK_SECONDS if self.adding or loading else CALM_SECONDS


def shelf() -> Shelf:
    known = list(ModelVersion.objects.that_answer().select_related("base", "added_by"))
    engines = serving.serving()
    uses = uses_of([version.name for version in known])
    work = {a.version_id: a for a in Addition.objects.filter(version__in=known)}
    by_base: dict[int, list[Shown]] = {}
    tops: list[Shown] = []
    for version in known:
        shown = Shown(version, engines.of(version.name), uses[version.name])
        if version.base_id is not None:
            by_base.setdefault(version.base_id, []).append(shown)
        else:
            tops.append(shown)
    whole = [
        replace(s, adapters=tuple(by_base.get(s.version.pk, ())), addition=work.get(s.version.pk))
        for s in tops
    ]
    return Shelf(
        models=tuple(s for s in whole if s.version.state in (State.READY, State.MISSING)),
        adding=tuple(s for s in whole if s.version.state == State.ADDING),
        failed=tuple(s for s in whole if s.version.state == State.FAILED),
        endpoints=tuple(Endpoint.objects.all()),
        engines=engines,
    )


def shown(version: ModelVersion) -> Shown:
    """One model for its own page."""
    engines = serving.serving()
    adapters = list(ModelVersion.objects.that_answer().filter(base=version))
    uses = uses_of([version.name, *(adapter.name for adapter in adapters)])
    rows = [Shown(adapter, engines.of(adapter.name), uses[adapter.name]) for adapter in adapters]
    last = Addition.objects.latest_of(version)
    return Shown(version, engines.of(version.name), uses[version.name], tuple(rows), last)


def question(version: ModelVersion) -> str:
    """What to ask before it is removed."""
    return removal.affected(version=version, engines=serving.serving()).question
