"""`manage.py cancel_job ID`: the run keeps a checkpoint and ends."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.management.runs import add_format, job_named, tell
from training.services.errors import RunsError
from training.services.runs import making


class Command(BaseCommand):
    help = "Stop a training run; it keeps a checkpoint and can be resumed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="The run's id, its beginning, or the run's name.")
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        job = job_named(options["id"])
        try:
            making.cancel(job=job)
        except RunsError as error:
            raise CommandError(str(error)) from error
        job.refresh_from_db()
        tell(self, job, options["format"])
