"""`manage.py score_outputs FILE`: outputs made elsewhere, scored against their references."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluation.services import scoring, scoring_files, scoring_saving, scoring_telling
from evaluation.services.errors import EvaluationsError
from evaluation.services.scoring import Scores
from evaluation.services.scoring_files import Columns, Sheet
from evaluation.services.scoring_judge import judge as judge_named
from training.management.commands.add_dataset import owner_of
from training.management.runs import add_format
from training.services.datasets import DatasetError


class Command(BaseCommand):
    help = "Score the outputs of one or more systems, a column each, against references."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("file", type=Path, help=".csv, .tsv, .jsonl, .json or .parquet; also .gz.")
        add("--reference", action="append", required=True, metavar="COL",
            help="With commas or given again: several references.")  # fmt: skip
        add("--systems", action="append", required=True, metavar="A,B",
            help="Columns of outputs; COLUMN=NAME gives one a name.")  # fmt: skip
        add("--metrics", default="rouge,bleu,exact_match", metavar="M,N",
            help="Metrics (rouge) or single measures (rougeL).")  # fmt: skip
        add("--source", default="", metavar="COL", help="Rows with one value are drawn together.")
        add("--prompt", default="", metavar="COL", help="For a reward model, and for programs.")
        add("--entry-point", default="", metavar="COL", help="The function that tests check.")
        add("--reward-model", metavar="M", help="Which gives the measure 'reward'.")
        add("--save", metavar="NAME", help="Put the scores on the leaderboard under this name.")
        add("--shared", action="store_true", help="For everybody to see.")
        add("--owner", help="A person's user name; the first admin's else.")
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"]
        try:
            asked = scoring.wanted(parts(options["metrics"].split(",")))
            sheet = scoring_files.read(path, path.name, columns_of(options))
            judge = judge_named(options["reward_model"]) if options["reward_model"] else None
            found = scoring.score(sheet, asked, judge=judge)
            saved = self.saved(sheet, found, options)
        except (EvaluationsError, DatasetError) as error:
            raise CommandError(str(error)) from error
        if options["format"] == "json":
            whole = {"file": path.name, **scoring_telling.facts(sheet, found), **saved}
            self.stdout.write(json.dumps(whole, ensure_ascii=False))
            return
        self.stdout.write(scoring_telling.in_words(sheet, found))

    def saved(self, sheet: Sheet, found: Scores, options: dict[str, Any]) -> dict[str, Any]:
        if options["save"] is None:
            return {}
        runs = scoring_saving.save(
            name=options["save"],
            sheet=sheet,
            scores=found,
            owner=owner_of(options["owner"]),
            shared=options["shared"],
        )
        return {"saved": {run.subject_name: str(run.pk) for run in runs}}


def parts(texts: Sequence[str]) -> list[str]:
    return [part.strip() for part in texts if part.strip()]


def columns_of(options: dict[str, Any]) -> Columns:
    """Commas part names; `COLUMN=NAME` calls a system by another one."""
    systems = {}
    for part in parts([part for text in options["systems"] for part in text.split(",")]):
        column, equals, name = part.partition("=")
        systems[column] = name if equals and name else column
    references = parts([part for text in options["reference"] for part in text.split(",")])
    where = {"source": options["source"], "prompt": options["prompt"]}
    return Columns(tuple(references), systems, entry=options["entry_point"], **where)
