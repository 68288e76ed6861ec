"""`manage.py leaderboard`: every number with what makes it comparable, best models first."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.http import QueryDict

from evaluation.models import Score
from evaluation.services import board, board_export
from evaluation.services.board import Board
from evaluation.services.board_filters import SIZES, day, filters_in
from llmkit.registry import near_names

FILTERS = ("base", "method", "size", "benchmark", "since", "until", "measures", "sort")


class Command(BaseCommand):
    help = "Print the leaderboard: models, measures, intervals, ranks and costs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--format", choices=["json", "csv", "text"], default="text")
        add("--benchmark", default="", help="A pack or a task.")
        add("--base", default="", help="Models that are, or sit on, this one.")
        add("--method", default="", help="Models that this training method made.")
        add("--size", default="", choices=list(SIZES), help="Of the base, in parameters.")
        add("--since", default="", metavar="YYYY-MM-DD")
        add("--until", default="", metavar="YYYY-MM-DD")
        add("--measures", default="main", choices=["main", "all"])
        add("--sort", default="", help="name, win, date, tokens, seconds, memory or size.")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unknown(options)
        given = QueryDict(mutable=True)
        given.update({name: options[name] for name in FILTERS})
        found = board_export.with_ranks(board.read(None, filters_in(given)), seconds=600.0)
        writers = {"json": board_export.as_json, "csv": board_export.as_csv, "text": in_words}
        self.stdout.write(writers[options["format"]](found))


def refuse_unknown(options: dict[str, Any]) -> None:
    """A page passes over what it does not know; a script must hear of it."""
    for name in ("since", "until"):
        if options[name] and day(options[name]) is None:
            raise CommandError(f"--{name} takes a day such as 2026-11-28, not '{options[name]}'.")
    wanted = options["benchmark"]
    scores = Score.objects.all()
    known = {
        *scores.values_list("task", flat=True),
        *scores.values_list("run__benchmark", flat=True),
    }
    if wanted and wanted not in known:
        near = near_names(wanted, known - {""})
        raise CommandError(f"Nothing was measured on '{wanted}'. {near}")


def in_words(found: Board) -> str:
    if not found.rows:
        return "There are no scores yet. See: manage.py evaluate --help"
    lines = []
    for column in found.columns:
        lines.append(f"{column.task}, {column.label}  [{column.signature}]")
        for row in found.rows:
            if column.key in row.cells:
                cell = row.cells[column.key]
                score = cell.score
                between = "" if score.low is None else f" ({score.low:.4f} to {score.high:.4f})"
                rank = "" if cell.rank is None else str(cell.rank)
                lines.append(f"  {rank:>3}  {row.name}: {score.value:.4f}{between}, n {score.n}")
    return "\n".join(lines)
