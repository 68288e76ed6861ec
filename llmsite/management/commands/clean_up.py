"""`manage.py clean_up`: remove what nothing needs any more; --dry-run tells what would go."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from llmkit.sizes import in_words
from llmsite import retention


class Command(BaseCommand):
    help = "Remove what nothing needs any more and has been kept for its days (KEEP_…_DAYS)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="tell what would go, keep it")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, dry_run: bool, format: str, **options: Any) -> None:
        things: list[str] = []
        found = retention.clean_up(dry_run=dry_run, say=things.append)
        freed = sum(each.bytes for each in found)
        if format == "json":
            told = {"dry_run": dry_run, "bytes": freed, "kinds": [asdict(each) for each in found]}
            self.stdout.write(json.dumps({**told, "things": things}, indent=1))
            return
        for line in things:
            self.stdout.write(line)
        verb = "would come free" if dry_run else "came free"
        self.stdout.write(
            f"{sum(each.things for each in found):,} things; {in_words(freed)} {verb}."
        )
