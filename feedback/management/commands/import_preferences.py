"""`manage.py import_preferences`: a file of rankings into a project."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.importers import FORMATS
from feedback.models import Import
from feedback.services import projects
from feedback.services.errors import FeedbackError
from feedback.services.imports import import_preferences


class Command(BaseCommand):
    help = "Read rankings from a file into a project; faulty rows are counted and kept apart."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="JSON lines, plain or gzipped.")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))
        parser.add_argument("--project", required=True, help="Made where it does not exist yet.")
        parser.add_argument("--quarantine", type=Path, help="Write the refused rows here.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = import_preferences(
                project=projects.named_or_new(options["project"]),
                path=options["file"],
                format_name=options["format"],
            )
        except FeedbackError as error:
            raise CommandError(str(error)) from error
        if options["quarantine"]:
            write_quarantine(done, options["quarantine"])
        self.stdout.write(json.dumps(summary(done), ensure_ascii=False))


def summary(done: Import) -> dict[str, Any]:
    return {
        "project": done.project.slug,
        "tasks": done.tasks,
        "annotations": done.annotations,
        "repaired": done.repaired,
        "refused": done.refused,
    }


def write_quarantine(done: Import, path: Path) -> None:
    rows = [{"row": q.number, "fault": q.fault, "raw": q.raw} for q in done.quarantine.all()]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
