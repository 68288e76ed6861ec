"""The Models page as it is shown: each model with its adapters, engine state and use."""

from dataclasses import dataclass, replace

from training.models import Addition, Endpoint, ModelVersion
from training.services import promoting, removal, serving
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
    """Everything on the page, or what has the `tag`. `refresh` is how soon it is worth asking
    again, in seconds. Reward models write nothing and so have no engine state."""

    models: tuple[Shown, ...]
    archived: tuple[Shown, ...]
    rewards: tuple[ModelVersion, ...]
    tags: tuple[str, ...]
    tag: str
    preselected: str
    adding: tuple[Shown, ...]
    failed: tuple[Shown, ...]
    endpoints: tuple[Endpoint, ...]
    engines: Serving

    @property
    def refresh(self) -> int:
        loading = any(shown.served.state == "loading" for shown in self.models)
        return QUICK_SECONDS if self.adding or loading else CALM_SECONDS


def shelf(tag: str = "") -> Shelf:
    known = list(ModelVersion.objects.known().select_related("base", "added_by"))
    tags = tuple(sorted({each for version in known for each in version.tags}))
    fits = [version for version in known if not tag or tag in version.tags]
    answering = [version for version in fits if version.kind != ModelVersion.Kind.REWARD]
    engines = serving.serving()
    rows = rows_of(answering, engines)
    in_use = [row for row in rows if row.version.archived_at is None]
    return Shelf(
        models=tuple(row for row in in_use if row.version.state in (State.READY, State.MISSING)),
        archived=tuple(row for row in rows if row.version.archived_at is not None),
        rewards=tuple(v for v in fits if v.kind == ModelVersion.Kind.REWARD),
        tags=tags,
        tag=tag,
        preselected=promoting.preselected(),
        adding=tuple(row for row in in_use if row.version.state == State.ADDING),
        failed=tuple(row for row in in_use if row.version.state == State.FAILED),
        endpoints=tuple(Endpoint.objects.all()),
        engines=engines,
    )


def rows_of(versions: list[ModelVersion], engines: Serving) -> list[Shown]:
    """Each model with its adapters below it; an adapter stands alone where its model does not."""
    uses = uses_of([version.name for version in versions])
    work = {a.version_id: a for a in Addition.objects.filter(version__in=versions)}
    shown = {
        v.pk: Shown(v, engines.of(v.name), uses[v.name], addition=work.get(v.pk)) for v in versions
    }
    below: dict[int, list[Shown]] = {}
    for row in shown.values():
        if is_below(row.version, shown):
            below.setdefault(row.version.base_id or 0, []).append(row)
    return [
        replace(row, adapters=tuple(below.get(pk, ())))
        for pk, row in shown.items()
        if not is_below(row.version, shown)
    ]


def is_below(version: ModelVersion, shown: dict[int, Shown]) -> bool:
    """Whether it is listed under its model: both in use, or both put away."""
    base = shown.get(version.base_id or 0)
    settled = version.state in (State.READY, State.MISSING)
    return base is not None and settled and _together(version, base.version)


def _together(version: ModelVersion, base: ModelVersion) -> bool:
    return (version.archived_at is None) == (base.archived_at is None)


def shown(version: ModelVersion) -> Shown:
    """One model for its own page."""
    engines = serving.serving()
    adapters = list(ModelVersion.objects.that_answer().filter(base=version))
    uses = uses_of([version.name, *(adapter.name for adapter in adapters)])
    rows = [Shown(adapter, engines.of(adapter.name), uses[adapter.name]) for adapter in adapters]
    last = Addition.objects.latest_of(version)
    return Shown(version, engines.of(version.name), uses[version.name], tuple(rows), last)


def affected(version: ModelVersion) -> removal.Affected:
    """What to ask before it is removed, or what forbids it."""
    return removal.affected(version=version, engines=serving.serving())
