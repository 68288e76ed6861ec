"""`manage.py restore FILE`: a backup into an empty install."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.recording import Kind, Verb, record
from llmsite import backups


class Command(BaseCommand):
    help = "Bring a backup into an empty DATA_DIR and database, and migrate it to this version."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            manifest = backups.restore(file, say=self.stdout.write)
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        record(verb=Verb.RESTORED, kind=Kind.SITE, name=file.name, made_at=manifest.made_at)
        self.stdout.write(f"Everything is as it was at {manifest.made_at}.")
        if not manifest.with_models:
            self.stdout.write("Models are not in this backup: python manage.py fetch_models")
