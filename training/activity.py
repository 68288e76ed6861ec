"""Runs, and additions of models and datasets, as the top bar tells them."""

from collections.abc import Iterator

from accounts.activity import Source, Work, register
from accounts.models import User
from training.models import Addition, DatasetAddition, Job, TrainingJob
from training.services.runs import progress
from training.showing.words import duration

MOST = 8
AT_WORK = (Job.State.WAITING, Job.State.RUNNING)


def runs(user: User) -> Iterator[Work]:
    """One's own; those that run come before those that wait."""
    mine = TrainingJob.objects.of(user).filter(state__in=AT_WORK)
    for job in mine.order_by("state", "-priority", "place")[:MOST]:
        yield Work(job.name, "Training run", job.get_absolute_url(), said(job), job.percent)


def said(job: TrainingJob) -> str:
    found = progress.of(job)
    if job.state == Job.State.WAITING:
        return "waiting"
    if job.cancel_requested:
        return "stopping"
    left = f"about {duration(found.seconds_left)} left" if found.seconds_left is not None else ""
    share = f"{found.percent} %" if found.percent is not None else found.phase.lower()
    return ", ".join(filter(None, [share, left]))


def datasets(user: User) -> Iterator[Work]:
    mine = DatasetAddition.objects.of(user, everyone=False).filter(state__in=AT_WORK)
    for each in mine[:MOST]:
        yield Work(each.name, "Dataset being added", each.get_absolute_url(), each.phase.lower())


def models(user: User) -> Iterator[Work]:
    """Those that one has begun to add."""
    mine = Addition.objects.filter(started_by=user, state__in=AT_WORK).select_related("version")
    for each in mine[:MOST]:
        share = f"{each.percent} %" if each.percent is not None else ""
        url = each.version.get_absolute_url()
        yield Work(each.version.name, "Model being added", url, share, each.percent)


def file() -> None:
    register(Source("training", "All training runs", "training:list", runs))
    register(Source("datasets", "All datasets", "datasets:list", datasets))
    register(Source("training", "All models", "models:list", models))
