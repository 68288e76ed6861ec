"""`manage.py resume_job ID`: a stopped or failed run goes on from its last checkpoint."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.management.runs import add_format, job_named, tell, worked
from training.services.errors import RunsError
from training.services.runs import making


class Command(BaseCommand):
    help = "Go on with a training run that was stopped or failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="The run's id, its beginning, or the run's name.")
        parser.add_argument("--wait", action="store_true", help="Train now and wait for the end.")
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        job = job_named(options["id"])
        try:
            making.resume(job=job, tell=not options["wait"])
        except RunsError as error:
            raise CommandError(str(error)) from error
        if options["wait"]:
            worked(job)
        tell(self, job, options["format"])
        if job.status == "failed":
            raise CommandError(job.error)
