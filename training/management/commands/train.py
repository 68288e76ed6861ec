"""`manage.py train METHOD --config FILE`: make a run, and with --wait train it here and now."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from training.management.commands.add_dataset import owner_of
from training.management.runs import add_format, tell, worked
from training.services import recipes, registry
from training.services.datasets import DatasetError
from training.services.errors import RunsError
from training.services.runs import files, making, preflight, preflight_words
from training.services.runs.asking import Asked, asked


class Command(BaseCommand):
    help = "Train a model as a file says; a worker does it, or with --wait this process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("method", help="Such as sft, reward, ppo or dpo.")
        parser.add_argument(
            "--config",
            type=Path,
            required=True,
            metavar="FILE",
            help="JSON or YAML: name, model, dataset or dataset_file, peft, adapter, "
            "reward_model, and the method's settings.",
        )
        parser.add_argument("--wait", action="store_true", help="Train now and wait for the end.")
        parser.add_argument(
            "--recipe", help="Settings to begin with; those of the file count more."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what it would take, and make no run."
        )
        parser.add_argument("--owner", help="A person's user name; the first admin's else.")
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            by, wanted = wanted_run(options)
            if options["dry_run"]:
                self.tell_plan(preflight.of(wanted), options["format"])
                return
            job = making.create(asked=wanted, owner=by, tell=not options["wait"])
        except (RunsError, DatasetError) as error:
            raise CommandError(str(error)) from error
        if options["wait"]:
            worked(job)
        tell(self, job, options["format"])
        if job.status == "failed":
            raise CommandError(job.error)

    def tell_plan(self, plan: dict[str, Any], form: str) -> None:
        as_json = json.dumps(plan, ensure_ascii=False)
        self.stdout.write(as_json if form == "json" else "\n".join(preflight_words.lines(plan)))


def wanted_run(options: dict[str, Any]) -> tuple[User, Asked]:
    path: Path = options["config"]
    registry.sync()
    by = owner_of(options["owner"])
    found = files.settings_in(path)
    if options["recipe"]:
        recipe = recipes.named(by, options["recipe"], options["method"])
        found = {**recipe.values, **found}
    values = files.with_dataset(found, method=options["method"], by=by, near=path.parent)
    return by, asked(options["method"], values)
