"""Bring the shipped prompt templates into the database."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.services.prompt_library import sync_library
from llmkit.prompts import PromptTemplateError


class Command(BaseCommand):
    help = "Make the shipped prompt templates equal to the files; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = sync_library()
        except PromptTemplateError as error:
            raise CommandError(str(error)) from error
        for word, slugs in (
            ("New", done.created),
            ("New version", done.changed),
            ("Retired", done.retired),
        ):
            if slugs:
                self.stdout.write(f"{word}: {', '.join(slugs)}")
        if not (done.created or done.changed or done.retired):
            self.stdout.write("The shipped prompt templates are up to date.")
