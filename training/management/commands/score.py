"""`manage.py score --reward-model M --input FILE.jsonl`: a number for each answer of a file."""

import json
from argparse import ArgumentParser
from pathlib import Path
from statistics import fmean
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.management.runs import add_format
from training.services import registry
from training.services.errors import RunsError
from training.services.runs import scoring


class Command(BaseCommand):
    help = "Score answers with a reward model; higher is better, 0 is the average."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reward-model", required=True, metavar="NAME")
        parser.add_argument(
            "--input",
            type=Path,
            required=True,
            metavar="FILE",
            help='Lines of {"messages" or "prompt": …, "completion" or "reply": …}.',
        )
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        registry.sync()
        try:
            version = scoring.reward_named(options["reward_model"])
            answers = list(scoring.answers_in(options["input"]))
            found = list(scoring.scores(version, iter(answers)))
        except RunsError as error:
            raise CommandError(str(error)) from error
        if not found:
            raise CommandError(f"{options['input']} holds no rows.")
        rows = [{"row": number, "score": score} for number, score in enumerate(found, start=1)]
        if options["format"] == "json":
            whole = {"reward_model": version.name, "mean": fmean(found), "scores": rows}
            self.stdout.write(json.dumps(whole))
            return
        for row in rows:
            self.stdout.write(f"{row['row']}\t{row['score']:.4f}")
