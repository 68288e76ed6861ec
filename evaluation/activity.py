"""Evaluations at work, as the top bar tells them, and what they are called when they end."""

from collections.abc import Iterator

from accounts.activity import Source, Work, register
from accounts.models import User
from accounts.notifying import About
from evaluation.models import EvaluationRun
from evaluation.showing.words import seconds_left
from training import notices
from training.models import Job
from training.showing.words import duration

MOST = 8
AT_WORK = (Job.State.WAITING, Job.State.RUNNING)


def evaluations(user: User) -> Iterator[Work]:
    """One's own; those that run come before those that wait."""
    mine = EvaluationRun.objects.of(user).filter(state__in=AT_WORK)
    for run in mine.order_by("state", "created_at")[:MOST]:
        yield Work(run.name, "Evaluation", run.get_absolute_url(), said(run), run.percent)


def said(run: EvaluationRun) -> str:
    if run.state == Job.State.WAITING:
        return "waiting"
    if run.cancel_requested:
        return "stopping"
    seconds = seconds_left(run)
    left = "" if seconds is None else f"about {duration(seconds)} left"
    share = f"{run.percent} %" if run.percent is not None else run.phase.lower()
    return ", ".join(filter(None, [share, left]))


def about(run: EvaluationRun) -> About:
    return About("Evaluation", run.name, run.get_absolute_url())


def file() -> None:
    notices.register(EvaluationRun, about)
    register(Source("evaluation", "All evaluations", "evaluation:runs", evaluations))
