"""`manage.py import_benchmark TASK FILE…`: a task's items from the files of its makers."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluation import benchmarks
from evaluation.benchmarks import BenchmarkError, bringing
from evaluation.services.places import benchmarks_dir
from training.management.runs import add_format


class Command(BaseCommand):
    help = "Bring a benchmark's items from files, for machines without internet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task", help="Such as cola or gsm8k.")
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--split", help="Default: the split that is asked.")
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            task = benchmarks.task(options["task"])
            split = options["split"] or task.split
            found = bringing.bring(task, split, options["files"], benchmarks_dir())
        except BenchmarkError as error:
            raise CommandError(str(error)) from error
        facts = {"task": task.name, "split": split, "rows": found.rows, "expected": found.expected}
        if options["format"] == "json":
            self.stdout.write(json.dumps({**facts, "sha256": found.sha256}))
            return
        of = "" if found.whole else f"; the published split has {found.expected:,}"
        self.stdout.write(f"{task.title}, {split}: {found.rows:,} items{of}.")
