"""`manage.py prepare`: bring database, prompts, static files and models up to date."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from training.services import registry


class Command(BaseCommand):
    help = "Migrate, sync the shipped prompts, collect static files and fetch the models."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            call_command("migrate", interactive=False, verbosity=0)
            call_command("sync_prompt_library", verbosity=0)
        except DatabaseError as error:
            reason = str(error).strip().splitlines()[0]
            raise SystemExit(
                f"The database does not answer ({reason}). Check DATABASE_URL."
            ) from error
        self.stdout.write("Database: up to date.")
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("fetch_models", stdout=self.stdout)
        registry.sync()
        self.stdout.write(f"Everything is in {settings.DATA_DIR}.")
