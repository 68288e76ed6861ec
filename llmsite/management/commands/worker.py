"""`manage.py worker`: Celery with its scheduler, in place of this process."""

import os
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand

from llmkit import priority
from llmsite import worker_health
from llmsite.celery import LONG, SHORT

QUIET = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]


class Command(BaseCommand):
    help = "Run background jobs and the schedule."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--queues",
            default=f"{SHORT},{LONG}",
            help=f"What to take: {LONG} (training and evaluation), {SHORT} (the rest), or both.",
        )
        parser.add_argument("--concurrency", type=int, default=1, help="Jobs at a time.")
        parser.add_argument(
            "--no-beat", action="store_true", help="Leave the schedule to another worker."
        )
        parser.add_argument(
            "--health-port",
            type=int,
            help="Answer /health and /metrics on this port of the loopback interface.",
        )

    def handle(self, *args: Any, **options: Any) -> NoReturn:
        celery = [sys.executable, "-m", "celery", "--quiet", "-A", "llmsite", "worker", *QUIET]
        beat = [] if options["no_beat"] else ["--beat"]
        queues: str = options["queues"]
        name = f"{queues.replace(',', '-')}@%h"
        several = ["--concurrency", str(options["concurrency"])]
        if options["health_port"]:
            os.environ[worker_health.VARIABLE] = str(options["health_port"])
        if queues == LONG:
            priority.lower_own_session(settings.RUNS_NICE)
        command = [*celery, "--queues", queues, "--hostname", name, *several, *beat]
        os.execv(sys.executable, command)  # noqa: S606
