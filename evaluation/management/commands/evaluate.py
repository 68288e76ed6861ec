"""`manage.py evaluate --model M --benchmark B`: a model measured, here or by a worker."""

import json
from argparse import ArgumentParser, BooleanOptionalAction
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from evaluation import prompt_sources
from evaluation.models import EvaluationRun
from evaluation.services.errors import EvaluationsError
from evaluation.services.runs import making, telling, working
from evaluation.services.runs.asking import SETTINGS, asked
from llmkit.registry import near_names
from training.management.commands.add_dataset import owner_of
from training.management.runs import add_format, termed_like_ctrl_c
from training.models import Job
from training.services import registry

GIVEN = ("model", "benchmark", "dataset", "split", "limit", "shots", "seed", "chat_template")


class Command(BaseCommand):
    help = "Measure a model on a benchmark, or on an evaluation set of your own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--model", required=True, help="A model's name; model:adapter for an adapter.")
        add("--benchmark", help="A pack or a task, such as glue or cola.")
        add("--dataset", help="An evaluation set instead.")
        add("--split", help="Which split of the dataset. Default: test.")
        add("--template", help="For a dataset: a prompt template's name; else the input alone.")
        add("--measures", help="For a dataset: measures, with commas between them.")
        add("--limit", type=int, metavar="N", help="The first N items of each task.")
        add("--shots", type=int, metavar="K", help="Worked examples before each question.")
        add("--seed", type=int, metavar="S", help="Which examples are drawn.")
        add("--chat-template", action="store_true", help="Ask through the model's chat template.")
        for name in SETTINGS:
            add(f"--{name.replace('_', '-')}", type=float, help="Instead of the benchmark's own.")
        add("--owner", help="A person's user name; the first admin's else.")
        add(
            "--wait",
            action=BooleanOptionalAction,
            default=True,
            help="Evaluate here and wait for the end; --no-wait leaves it to a worker.",
        )
        add_format(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        registry.sync()
        try:
            owner = owner_of(options["owner"])
            wanted = asked({**values_of(options), "prompt": prompt_of(options, owner)})
            run = making.create(asked=wanted, owner=owner, tell=not options["wait"])
        except EvaluationsError as error:
            raise CommandError(str(error)) from error
        if options["wait"]:
            worked(run)
        if options["format"] == "json":
            self.stdout.write(json.dumps(telling.facts(run), ensure_ascii=False))
        elif run.status != "failed":
            self.stdout.write(telling.in_words(run))
        if run.status == "failed":
            raise CommandError(run.error)


def values_of(options: dict[str, Any]) -> dict[str, Any]:
    given = {name: options[name] for name in GIVEN}
    settings = {name: options[name] for name in SETTINGS if options.get(name) is not None}
    for name in ("max_tokens", "top_k"):
        if name in settings:
            settings[name] = int(settings[name])
    measures = [name for name in (options["measures"] or "").split(",") if name.strip()]
    return {**given, "settings": settings, "measures": [name.strip() for name in measures]}


def prompt_of(options: dict[str, Any], owner: User) -> dict[str, Any]:
    """The template that the owner sees under that name; EvaluationsError with near names."""
    if not options["template"]:
        return {}
    known = {each.name: each for each in prompt_sources.offered(owner)}
    if options["template"] not in known:
        near = near_names(options["template"], known)
        raise EvaluationsError(f"There is no template '{options['template']}'. {near}", "template")
    return known[options["template"]].for_run()


def worked(run: EvaluationRun) -> None:
    """Evaluate here until the run has ended, whatever happens to its process."""
    run.refresh_from_db()
    with termed_like_ctrl_c():
        while run.state == Job.State.WAITING:
            working.run(run_id=str(run.pk), attempt=run.attempt)
            run.refresh_from_db()
