"""Whether anything is done with a model now: answers, batches, runs. Then it stays as it is."""

from django.db.models import Q

from training.models import Addition, ModelVersion, TrainingJob
from training.services import serving
from training.services.errors import ModelsError
from training.uses import Use, uses_of


def require(version: ModelVersion) -> None:
    """ModelsError with what is going on. A loaded model that rests is let go by the engine."""
    engines = serving.serving()
    names = names_of(version)
    use = sum(uses_of(names).values(), Use())
    busy = max([engines.models[name].busy for name in names if name in engines.models], default=0)
    require_rest(version, use, busy)
    loaded = engines.models.get(version.name)
    if loaded and loaded.state in ("ready", "loading") and not version.is_adapter:
        let_go(version)


def names_of(version: ModelVersion) -> list[str]:
    """Its public id and those of its adapters."""
    adapters = ModelVersion.objects.known().filter(base=version, kind="adapter")
    return [version.name, *adapters.values_list("name", flat=True)]


def require_rest(version: ModelVersion, use: Use, busy: int) -> None:
    if use.answers or busy:
        raise ModelsError(
            f"{version.name} is writing answers now. Wait until they have ended, or stop them."
        )
    if use.batches:
        raise ModelsError(
            f"A batch has prompts for {version.name}. Wait until it ends, or stop it."
        )
    work = Addition.objects.live().filter(
        Q(version__parent=version) | Q(version__base=version) | Q(version__parent__base=version)
    )
    if (addition := work.select_related("version").first()) is not None:
        raise ModelsError(
            f"{addition.version.name} is being made from {version.name}. Wait, or cancel that."
        )
    run = TrainingJob.objects.live().with_model(version).first()
    if run is not None:
        raise ModelsError(
            f"The run {run.name} uses {version.name}. Wait until it ends, or cancel it."
        )


def let_go(version: ModelVersion) -> None:
    """An engine that can't be asked loses the folder all the same; one that refuses counts."""
    try:
        serving.unload(version=version)
    except ModelsError as error:
        if getattr(error.__cause__, "code", "") == "in_use":
            raise
