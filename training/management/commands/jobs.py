"""`manage.py jobs`: the runs, newest first."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from training.management.runs import add_format
from training.models import TrainingJob
from training.services.runs import telling


class Command(BaseCommand):
    help = "List training runs, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--live", action="store_true", help="Only those that have not ended.")
        parser.add_argument("--limit", type=int, default=50, help="How many at most.")
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        known = TrainingJob.objects.known().select_related("model", "produced")
        known = known.order_by("-created_at")
        jobs = (known.live() if options["live"] else known)[: max(0, options["limit"])]
        if options["format"] == "json":
            found = [telling.facts(job) for job in jobs]
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        for job in jobs:
            self.stdout.write(telling.in_words(job))
