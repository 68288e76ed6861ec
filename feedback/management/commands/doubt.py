"""`manage.py doubt --project P --reward-model M`: which tasks a reward model is least sure of."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.services import doubting, projects
from feedback.services.errors import FeedbackError
from training.services import registry
from training.services.errors import RunsError
from training.services.runs import scoring


class Command(BaseCommand):
    help = "Ask a reward model how unsure it is of each task, for projects that rank those first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--reward-model", required=True, metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        registry.sync()
        try:
            project = projects.named(options["project"])
            judge = scoring.reward_named(options["reward_model"])
            done = doubting.doubt_tasks(project=project, judge=judge)
        except (FeedbackError, RunsError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"project": project.slug, "tasks": done}))
