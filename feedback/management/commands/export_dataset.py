"""`manage.py export_dataset`: a frozen preference dataset for other tools."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback import exporting
from feedback.rules.splits import SPLITS
from training.models import Dataset
from training.services.datasets import DatasetError, version_named


class Command(BaseCommand):
    help = "Write a dataset's rows as JSON lines, or as Parquet where FILE ends in .parquet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--format", required=True, choices=list(exporting.FORMS))
        parser.add_argument("--out", required=True, type=Path)
        parser.add_argument("--split", choices=SPLITS, help="All of them when left out.")
        parser.add_argument("--version-number", type=int, help="The newest when left out.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = version_named(options["name"], options["version_number"])
            if version.dataset.kind != Dataset.Kind.PREFERENCE:
                raise CommandError(f"{version} holds no preference pairs.")
            count = exporting.write(version, options["format"], options["out"], options["split"])
        except DatasetError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{options['out']} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{count} rows of {version} written to {options['out']}.")
