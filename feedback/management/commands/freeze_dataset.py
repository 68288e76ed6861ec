"""`manage.py freeze_dataset`: a project's rankings as an immutable dataset version."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.rules.splits import SPLITS
from feedback.services import projects
from feedback.services.errors import FeedbackError
from feedback.services.snapshots import Recipe, freeze
from feedback.services.snapshots.recipe import SHARES, SOURCES
from training.models import DatasetVersion
from training.services.datasets import DatasetError


class Command(BaseCommand):
    help = "Freeze a project's rankings into train, validation and test files with hashes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--name", required=True, help="The dataset's name.")
        parser.add_argument("--format", choices=["json", "text"], default="text")
        parser.add_argument("--seed", type=int, default=0, help="Of the split.")
        parser.add_argument("--margin", type=float, default=0.0, help="0 to 0.5, see the docs.")
        parser.add_argument(
            "--shares",
            type=float,
            nargs=3,
            metavar=tuple(name.upper() for name in SPLITS),
            default=list(SHARES.values()),
            help="They add up to 1.",
        )
        parser.add_argument(
            "--sources", nargs="+", choices=SOURCES, default=SOURCES, help="All when left out."
        )
        parser.add_argument(
            "--include-ai", action="store_true", help="Models' rankings too; every row says so."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        recipe = Recipe(
            seed=options["seed"],
            shares=dict(zip(SPLITS, options["shares"], strict=True)),
            margin=options["margin"],
            include_ai=options["include_ai"],
            sources=tuple(options["sources"]),
        )
        try:
            project = projects.named(options["project"])
            version = freeze(
                project=project, name=options["name"], recipe=recipe, made_by=project.owner
            )
        except (FeedbackError, DatasetError) as error:
            raise CommandError(str(error)) from error
        found = summary(version)
        as_json = options["format"] == "json"
        self.stdout.write(json.dumps(found, ensure_ascii=False) if as_json else in_words(found))


def summary(version: DatasetVersion) -> dict[str, Any]:
    hashes = {name: facts["sha256"] for name, facts in sorted(version.files.items())}
    named = {"dataset": version.dataset.name, "version": version.number}
    return {**named, **version.report, "sha256": hashes, "content_hash": version.content_hash}


def in_words(found: dict[str, Any]) -> str:
    counts, dropped = found["counts"], found["dropped"]
    lines = [
        f"{found['dataset']}, version {found['version']}: {counts['pairs']} pairs, "
        f"{counts['ties']} ties, {counts['unpaired']} labelled answers of {counts['tasks']} tasks.",
        *(f"Dropped {n}: {reason}." for reason, n in dropped.items()),
        f"Root turns in more than one split: {found['leaks']}.",
    ]
    return "\n".join(lines)
