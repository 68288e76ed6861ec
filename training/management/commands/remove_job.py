"""`manage.py remove_job ID`: the run goes to the trash; `--undo` brings it back within a day."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.management.runs import add_format, job_named, job_removed, tell
from training.services.errors import RunsError
from training.services.runs import removal


class Command(BaseCommand):
    help = "Remove a training run that has ended; for a day it can be brought back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="The run's id, its beginning, or the run's name.")
        parser.add_argument("--undo", action="store_true", help="Bring a removed run back.")
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        named = job_removed if options["undo"] else job_named
        act = removal.restore if options["undo"] else removal.remove
        job = named(options["id"])
        try:
            act(job=job)
        except RunsError as error:
            raise CommandError(str(error)) from error
        tell(self, job, options["format"])
        if not options["undo"] and options["format"] == "text":
            self.stdout.write(f"Bring it back within a day: manage.py remove_job --undo {job.pk}")
