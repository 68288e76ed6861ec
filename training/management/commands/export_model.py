"""`manage.py export_model NAME --out FOLDER_OR_ZIP`: safetensors with a card from the lineage."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from training.services import exporting, registry
from training.services.errors import ModelsError, RunsError
from training.services.runs.asking import version_of


class Command(BaseCommand):
    help = "Write a model or adapter with its card into a folder, or a .zip."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--out", required=True, type=Path, metavar="FOLDER_OR_ZIP")

    def handle(self, *args: Any, **options: Any) -> None:
        registry.sync()
        out: Path = options["out"]
        try:
            version = version_of(options["name"])
            write = exporting.to_zip if out.suffix == ".zip" else exporting.to_folder
            write(version, out)
        except (ModelsError, RunsError) as error:
            raise CommandError(str(error)) from error
        told = {"model": version.name, "out": str(out), "content_hash": version.content_hash}
        self.stdout.write(json.dumps(told))
