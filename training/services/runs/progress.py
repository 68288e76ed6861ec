"""How far a run is, how fast it goes, and how long it will still take."""

from dataclasses import dataclass

from django.utils import timezone

from training.models import Job, TrainingJob

IN_STATE = {"waiting": "Waiting", "running": "Starting"}


@dataclass(frozen=True)
class Progress:
    """`of` is 0 before the steps are known; what can't be known is None.

    `phase` says in words what is done now, and nothing once the run has ended.
    """

    done: int
    of: int
    phase: str
    seconds_left: float | None
    seconds_per_step: float | None
    tokens_per_second: float | None
    memory_bytes: float | None
    memory_peak_bytes: float | None

    @property
    def percent(self) -> int | None:
        return min(100, 100 * self.done // self.of) if self.of else None


def of(job: TrainingJob) -> Progress:
    phase = (job.phase or IN_STATE.get(job.state, "")) if job.is_live else ""
    return Progress(
        done=job.step,
        of=job.steps,
        phase=phase,
        seconds_left=seconds_left(job),
        seconds_per_step=job.measures.get("seconds_per_step"),
        tokens_per_second=job.measures.get("tokens_per_second"),
        memory_bytes=job.measures.get("memory_bytes"),
        memory_peak_bytes=job.measures.get("memory_peak_bytes"),
    )


def seconds_left(job: TrainingJob) -> float | None:
    """None as well where it takes longer than was expected."""
    if job.state != Job.State.RUNNING or job.expected_at is None:
        return None
    left = (job.expected_at - timezone.now()).total_seconds()
    return left if left > 0 else None
