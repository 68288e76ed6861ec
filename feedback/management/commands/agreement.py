"""`manage.py agreement`: how far the people of a project agree."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.models import Labeler
from feedback.services import agreement, projects
from feedback.services.errors import FeedbackError


class Command(BaseCommand):
    help = "Krippendorff's alpha, kappas and W of a project's rankings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--format", choices=["json", "text"], default="text")
        parser.add_argument("--kind", choices=Labeler.Kind.values, help="Only these labelers.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            project = projects.named(options["project"])
        except FeedbackError as error:
            raise CommandError(str(error)) from error
        found = agreement.agreement(project=project, kind=options["kind"])
        if options["format"] == "json":
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(in_words(found)))


def in_words(found: dict[str, Any]) -> list[str]:
    """One measure a line, with its interval where it has one."""
    lines = []
    for name, value in found.items():
        if isinstance(value, float | None) and name != "intervals":
            low_high = found["intervals"].get(name)
            between = f" ({low_high[0]:.3f} to {low_high[1]:.3f})" if low_high else ""
            lines.append(f"{name}: {'undefined' if value is None else f'{value:.3f}'}{between}")
    counts = f"{found['n_units']} pairs judged at least twice, {found['n_tasks']} tasks"
    return [*lines, f"{counts}, {found['n_labelers']} labelers"]
