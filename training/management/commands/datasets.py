"""`manage.py datasets`: every dataset with its versions."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from training.models import Dataset


class Command(BaseCommand):
    help = "List the datasets and their versions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kind", choices=Dataset.Kind.values)
        parser.add_argument("--archived", action="store_true", help="Also those put away.")
        parser.add_argument("--format", choices=["json", "text"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        known = Dataset.objects.all() if options["archived"] else Dataset.objects.in_use()
        if options["kind"]:
            known = known.filter(kind=options["kind"])
        found = [described(dataset) for dataset in known.prefetch_related("versions")]
        as_json = options["format"] == "json"
        self.stdout.write(json.dumps(found, ensure_ascii=False) if as_json else in_words(found))


def described(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "kind": dataset.kind,
        "licence": dataset.licence,
        "archived": dataset.archived_at is not None,
        "versions": [
            {
                "version": version.number,
                "rows": version.rows,
                "bytes": version.size,
                "files": version.files,
                "content_hash": version.content_hash,
                "path": version.path,
                "created_at": version.created_at.isoformat(),
            }
            for version in dataset.versions.all()
        ],
    }


def in_words(found: list[dict[str, Any]]) -> str:
    if not found:
        return "There is no dataset."
    return "\n".join(
        f"{dataset['name']} ({dataset['kind']}): "
        + (", ".join(f"v{v['version']} {v['rows']} rows" for v in dataset["versions"]) or "empty")
        for dataset in found
    )
