"""`manage.py compare --benchmark B --models A,B`: whether two models differ, item by item."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluation.services import comparing, comparing_telling
from evaluation.services.errors import EvaluationsError
from training.management.runs import add_format


class Command(BaseCommand):
    help = "Compare two models on the items that both answered, with a paired test."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--benchmark", required=True, help="A pack, task, dataset:NAME or file:NAME.")
        add("--models", required=True, metavar="A,B")
        add("--measure", default="", help="Instead of each task's main one.")
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        names = [name.strip() for name in options["models"].split(",") if name.strip()]
        try:
            pair = comparing.pair_named(options["benchmark"], names)
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
