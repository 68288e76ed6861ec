"""`manage.py engine`: the model server alone, OpenAI-compatible over HTTP."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Serve the models in DATA_DIR over an OpenAI-compatible HTTP interface."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on.")
        parser.add_argument("--port", type=int, default=settings.ENGINE_PORT)
        parser.add_argument("--models-dir", type=Path, default=settings.MODELS_DIR)
        parser.add_argument("--threads", type=int, default=settings.THREADS, help="CPU threads.")

    def handle(self, *args: Any, **options: Any) -> None:
        from llmkit import engine

        engine.serve(
            host=options["host"],
            port=options["port"],
            models_dir=options["models_dir"],
            threads=options["threads"],
            default_model=settings.DEFAULT_MODEL,
            max_running=settings.ENGINE_MAX_RUNNING,
            max_waiting=settings.ENGINE_MAX_WAITING,
            backend=settings.ENGINE_BACKEND,
            dtype=settings.ENGINE_DTYPE,
            memory=settings.ENGINE_MEMORY,
        )
