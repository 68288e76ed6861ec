"""What the commands about runs share."""

import json
import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from training.models import Job, TrainingJob
from training.services.runs import telling, working


def add_format(parser: ArgumentParser) -> None:
    parser.add_argument("--format", choices=["json", "text"], default="text")


def job_named(name: str) -> TrainingJob:
    """By its id or the beginning of it, or by its name."""
    return the_one(TrainingJob.objects.known(), name, "There is no run '{}'. See: manage.py jobs")


def job_removed(name: str) -> TrainingJob:
    """One that was removed and can still be brought back."""
    return the_one(TrainingJob.objects.restorable(), name, "There is no removed run '{}' any more.")


def the_one(jobs: QuerySet[TrainingJob], name: str, missing: str) -> TrainingJob:
    known = jobs.select_related("model", "produced")
    found = [job for job in known.order_by("-created_at") if matches(job, name)]
    if not found:
        raise CommandError(missing.format(name))
    if len(found) > 1 and found[0].name != name:
        raise CommandError(f"Several runs begin with '{name}'. Give more of the id.")
    return found[0]


def matches(job: TrainingJob, name: str) -> bool:
    return job.name == name or (len(name) >= 4 and str(job.pk).startswith(name))


def worked(job: TrainingJob) -> None:
    """Train here until the run has ended, whatever happens to its process."""
    job.refresh_from_db()
    with termed_like_ctrl_c():
        while job.state == Job.State.WAITING:
            working.run(job_id=str(job.pk), attempt=job.attempt)
            job.refresh_from_db()


@contextmanager
def termed_like_ctrl_c() -> Iterator[None]:
    """Asked to end by SIGTERM, a command stops its work as at Ctrl-C, instead of leaving the
    process that does it behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def tell(command: BaseCommand, job: TrainingJob, form: str) -> None:
    found = telling.facts(job)
    as_json = json.dumps(found, ensure_ascii=False)
    command.stdout.write(as_json if form == "json" else telling.in_words(job))
