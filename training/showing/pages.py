"""One run's page: what went in, how far it is, what came out."""

import hashlib
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from llmkit import tuning
from llmkit.adding.space import in_words
from llmkit.configs import Setting, settings_of
from training import methods
from training.models import Dataset, ModelVersion, TrainingJob
from training.services.runs import disk, preflight
from training.showing import measures, words

MOST_COMPARED = 6
NOW = ("loss", "tokens_per_second", "seconds_per_step")


@dataclass(frozen=True)
class Given:
    """Something that goes into a run. `url` is empty where the reader may not look."""

    label: str
    name: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Set:
    """A setting; `usual` is its default in words where the value is another."""

    label: str
    value: str
    usual: str = ""


@dataclass(frozen=True)
class Figure:
    label: str
    value: str
    note: str = ""


def mark(job: TrainingJob) -> str:
    """Equal as long as everything but the progress of a run's page looks the same."""
    told = (job.state, job.attempt, job.cancel_requested, job.name, job.produced_id, job.error)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def given(job: TrainingJob, user: User) -> list[Given]:
    slots = {slot.name: slot.label for slot in method_slots(job)}
    named: list[tuple[str, str, ModelVersion | None]] = [
        ("model", "Base model", job.model),
        ("adapter", "Goes on from", job.adapter),
        ("reward_model", "Reward model", job.reward_model),
    ]
    models = [
        Given(label, version.name, version.get_absolute_url())
        for _, label, version in named
        if version is not None
    ]
    return [*models, *data(job, user, slots.get("dataset", "Dataset"))]


def method_slots(job: TrainingJob) -> tuple[Any, ...]:
    return methods.get(job.method).slots if job.method in methods.names() else ()


def data(job: TrainingJob, user: User, label: str) -> list[Given]:
    rows = list(job.data.select_related("version__dataset"))
    known = Dataset.objects.seen_by(user).filter(pk__in=[row.version.dataset_id for row in rows])
    open_to = set(known.values_list("pk", flat=True))
    several = len(rows) > 1
    return [
        Given(
            label,
            f"{row.version.dataset.name}, version {row.version.number}",
            row.version.get_absolute_url() if row.version.dataset_id in open_to else "",
            f"weight {row.weight:g}" if several else "",
        )
        for row in rows
    ]


def settings(job: TrainingJob) -> tuple[list[Set], list[Set]]:
    """Those that differ from their defaults, and the rest, each as it was written down."""
    found = [*described(config_of(job), job.config), *way(job)]
    changed = [each for each in found if each.usual]
    return changed, [each for each in found if not each.usual]


def config_of(job: TrainingJob) -> list[Setting]:
    return settings_of(methods.get(job.method).config) if job.method in methods.names() else []


def way(job: TrainingJob) -> list[Set]:
    kind = job.peft.get("kind", "")
    if kind not in tuning.names():
        return []
    known = tuning.get(kind)
    return [Set("Way of tuning", known.label), *described(settings_of(known.config), job.peft)]


def described(known: list[Setting], values: dict[str, Any]) -> list[Set]:
    return [one(setting, values[setting.name]) for setting in known if setting.name in values]


def one(setting: Setting, value: Any) -> Set:
    usual = list(setting.default) if isinstance(setting.default, tuple) else setting.default
    return Set(setting.about.label, written(value), "" if value == usual else written(usual))


def written(value: Any) -> str:
    match value:
        case None | "" | []:
            return "not set"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return measures.number(value) if isinstance(value, float) else f"{value:,}"
        case list():
            return ", ".join(map(str, value))
    return str(value)


def figures(job: TrainingJob) -> tuple[list[Any], list[Any]]:
    """Measures as (name, value, interval): those of the held-out rows, and the rest."""
    main = words.main_measure(job)
    told = job.measures
    ends = {n for n in told if n.removesuffix("_low").removesuffix("_high") in {main, *held(told)}}
    first = {name: told[name] for name in told if name in ends or name == main}
    return measures.listed(first), measures.listed(
        {n: v for n, v in told.items() if n not in first}
    )


def held(told: dict[str, Any]) -> set[str]:
    return {name for name in told if name.startswith(measures.HELD_OUT)}


def now(job: TrainingJob) -> list[Figure]:
    """The few figures that one looks at while it runs."""
    names = [name for name in NOW if name in job.measures]
    main = words.main_measure(job)
    wanted = dict.fromkeys([*([main] if main else []), *names])
    told = [Figure(measures.label(n), measures.text(n, job.measures[n])) for n in wanted]
    return [*told, *costs(job)]


def costs(job: TrainingJob) -> list[Figure]:
    """Memory as it was planned and taken, and what the run's folder takes."""
    took, planned = job.measures.get("memory_peak_bytes"), preflight.planned_bytes(job)
    plan = f"{in_words(int(planned))} planned" if planned else ""
    memory = [Figure("Most memory", measures.text("memory_peak_bytes", took), plan)]
    used = disk.used(job)
    kept = f"{in_words(used.checkpoints)} checkpoints" if used.checkpoints else ""
    space = [Figure("On disk", in_words(used.bytes), kept)]
    return [*(memory if took or planned else []), *(space if used.bytes else [])]


def siblings(job: TrainingJob) -> list[TrainingJob]:
    """With it, the runs of its sweep that can be compared at once."""
    if job.sweep_id is None:
        return []
    others = TrainingJob.objects.known().filter(sweep=job.sweep_id).exclude(pk=job.pk)
    return [job, *others.order_by("created_at")[: MOST_COMPARED - 1]]
