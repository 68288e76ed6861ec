"""`manage.py backup FILE`: database, runs, models and all other files, in one file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.recording import Kind, Verb, record
from llmsite import backups


class Command(BaseCommand):
    help = "Keep everything in one tar file, while the app runs. The file is as secret as the app."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--without-models",
            action="store_true",
            help="leave out models and embeddings, which can be fetched again; adapters are kept",
        )

    def handle(self, *args: Any, file: Path, without_models: bool, **options: Any) -> None:
        try:
            made = backups.make(file, with_models=not without_models, say=self.stdout.write)
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        record(verb=Verb.BACKED_UP, kind=Kind.SITE, name=file.name, files=len(made.files) - 1)
        size = file.stat().st_size / 1e6
        self.stdout.write(f"{file}: the database and {len(made.files) - 1} files, {size:,.1f} MB.")
