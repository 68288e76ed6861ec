"""A run's state, and how far it is, in words."""

from datetime import datetime

from django.utils import timezone

from training import methods
from training.models import Job, TrainingJob
from training.showing import measures

State = Job.State
WORDS = {
    State.WAITING: "Waiting",
    State.RUNNING: "Running",
    State.DONE: "Done",
    State.FAILED: "Failed",
    State.CANCELLED: "Stopped",
}
TONES = {State.DONE: "good", State.FAILED: "danger", State.CANCELLED: "warn"}


def state(job: TrainingJob) -> str:
    """One word, or 'Stopping …' until the row says that it has stopped."""
    if job.is_live and job.cancel_requested:
        return "Stopping …"
    return WORDS.get(State(job.state), job.get_state_display())


def tone(job: TrainingJob) -> str:
    return TONES.get(State(job.state), "")


def method(job: TrainingJob) -> str:
    """The method's name for people; its own where it is gone from this version."""
    known = methods.names()
    return methods.get(job.method).label if job.method in known else job.method


def main_measure(job: TrainingJob) -> str:
    """The measure that a run of this method is judged by; the loss where it has no other."""
    name = methods.get(job.method).main_measure if job.method in methods.names() else ""
    return name if name in job.measures else "loss" if "loss" in job.measures else ""


def result(job: TrainingJob) -> tuple[str, str] | None:
    """The main measure's name and value."""
    name = main_measure(job)
    return (measures.label(name), measures.text(name, job.measures[name])) if name else None


def seconds_taken(job: TrainingJob, now: datetime | None = None) -> float | None:
    """Since its last attempt began, or from there to its end."""
    if job.started_at is None:
        return None
    end = job.ended_at or now or timezone.now()
    return max(0.0, (end - job.started_at).total_seconds())


def duration(seconds: float | None) -> str:
    """'40 s', '12 min', '3 h 20 min'; nothing where it is not known."""
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours:,} h {rest} min" if rest and hours < 24 else f"{hours:,} h"
