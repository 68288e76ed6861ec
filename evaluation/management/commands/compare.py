"""`manage.py compare --benchmark B --models A,B`: whether two models differ, item by item."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluation.services import comparing, comparing_telling
from evaluation.services.comparing import Pair
from evaluation.services.errors import EvaluationsError
from training.management.runs import add_format


class Command(BaseCommand):
    help = "Compare two models, or two runs, on the items that both answered, by a paired test."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--benchmark", default="", help="A pack, task, dataset:NAME or file:NAME.")
        add("--models", default="", metavar="A,B")
        add("--runs", default="", metavar="ID,ID", help="Two runs, however they were asked.")
        add("--measure", default="", help="Instead of each task's main one.")
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            pair = pair_in(options)
            known = {score.task for score in pair.first.scores.all()}
            task = options["benchmark"] if options["benchmark"] in known else ""
            found = comparing.compare(pair, task=task, measure=options["measure"])
        except EvaluationsError as error:
            raise CommandError(str(error)) from error
        if options["format"] == "json":
            facts = comparing_telling.facts(pair, found)
            self.stdout.write(json.dumps(facts, ensure_ascii=False))
            return
        self.stdout.write(comparing_telling.in_words(pair, found))


def pair_in(options: dict[str, Any]) -> Pair:
    """EvaluationsError for what is missing or not there."""
    if options["runs"]:
        return comparing.pair_of_runs(parts(options["runs"]))
    if not options["benchmark"] or not options["models"]:
        raise EvaluationsError("Name a benchmark and two models, or two runs.")
    return comparing.pair_named(options["benchmark"], parts(options["models"]))


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
