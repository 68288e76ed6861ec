"""`manage.py generate_candidates`: a file of prompts answered by models, as ranking tasks."""

import json
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.models import Batch
from feedback.services import projects
from feedback.services.batches import making, working
from feedback.services.batches.answers import SEEDS, Column
from feedback.services.batches.progress import progress_of
from feedback.services.errors import FeedbackError
from llmkit.types import GenerationSettings
from training.models import Job

NAMES = ("temperature", "max_tokens", "top_k", "top_p", "repetition_penalty")


class Command(BaseCommand):
    help = "Have models answer a file of prompts; each prompt becomes a ranking task."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("file", type=Path, help="CSV or JSON lines with prompt or messages; or plain text.")
        add("--project", required=True, help="Made where it does not exist yet.")
        add("--model", action="append", required=True, help="May be given up to four times.")
        add("--candidates", type=int, default=4, metavar="K", help="Answers per prompt.")
        add("--seed", type=int, metavar="S", help="Default: a new one, which is reported.")
        add("--temperature", type=float, default=0.8)
        add("--max-new-tokens", type=int, dest="max_tokens", default=512, metavar="N")
        add("--top-k", type=int, default=50)
        add("--top-p", type=float, default=0.9)
        add("--repetition-penalty", type=float, default=1.0)
        add("--again", action="store_true", help="Also prompts that the project has already.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            batch = begun(options)
        except (FeedbackError, OSError) as error:
            raise CommandError(str(error)) from error
        working.run(batch_id=str(batch.pk), attempt=batch.attempt, alone=True)
        batch.refresh_from_db()
        self.stdout.write(json.dumps(summary(batch), ensure_ascii=False))
        if batch.state != Job.State.DONE:
            raise CommandError(batch.error or "The batch has not ended; its page tells more.")


def begun(options: dict[str, Any]) -> Batch:
    settings = GenerationSettings(**{name: options[name] for name in NAMES})
    seed = options["seed"]
    batch = making.draft(
        project=projects.named_or_new(options["project"]),
        name=options["file"].name,
        content=options["file"].read_bytes(),
        by=None,
    )
    try:
        making.start(
            batch=batch,
            columns=[Column(model, settings) for model in options["model"]],
            candidates=options["candidates"],
            seed=secrets.randbelow(SEEDS) if seed is None else seed,
            skip_known=not options["again"],
            tell=False,
        )
    except FeedbackError:
        making.discard(batch=batch)
        raise
    return batch


def summary(batch: Batch) -> dict[str, Any]:
    done = progress_of(batch)
    failed = batch.prompts.filter(state="failed")
    return {
        "project": batch.project.slug,
        "batch": str(batch.pk),
        "state": batch.state,
        "seed": batch.seed,
        "tasks": done.made,
        "answers": done.answers,
        "left_out": done.left_out,
        "failed": {prompt.number: prompt.error for prompt in failed},
        "refused": {row.number: row.fault for row in batch.refused.all()},
    }
