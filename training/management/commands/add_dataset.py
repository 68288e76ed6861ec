"""`manage.py add_dataset`: a file or a hub dataset as a new dataset version, here and now."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from training.dataset_choosing import usual_name
from training.kinds import KINDS
from training.models import DatasetAddition, DatasetVersion
from training.preparing.request import Splits
from training.services import dataset_adding, dataset_choices, dataset_here
from training.services.dataset_choices import Wanted
from training.services.datasets import DatasetError
from training.splits import SPLITS


class Command(BaseCommand):
    help = "Check a file's rows, leave out what does not fit, and keep the rest as a version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("file", nargs="?", type=Path)
        source.add_argument("--hub", metavar="ID", help="Such as openai/gsm8k.")
        parser.add_argument("--config", default="", help="Of the hub's dataset.")
        parser.add_argument("--hub-split", default="", help="One of the hub's splits.")
        parser.add_argument("--revision", default="", help="A branch, tag or commit.")
        parser.add_argument("--kind", required=True, help=", ".join(KINDS))
        parser.add_argument("--name", help="The file's own name when left out.")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="COLUMN=THEIRS",
            help="Which of the file's columns is which; given again, several make up one.",
        )
        parser.add_argument("--into", choices=SPLITS, help="All rows into this split.")
        parser.add_argument("--shares", metavar="80/10/10", help="Train, validation and test.")
        parser.add_argument("--seed", type=int, default=0, help="Of the shares.")
        parser.add_argument("--split-column", default="", help="The column with the split.")
        parser.add_argument("--no-header", action="store_true", help="The first row is data.")
        parser.add_argument("--owner", help="A person's user name; the first admin's else.")
        parser.add_argument("--format", choices=["json", "text"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = added(options)
        except DatasetError as error:
            raise CommandError(str(error)) from error
        found = summary(version)
        as_json = options["format"] == "json"
        self.stdout.write(json.dumps(found, ensure_ascii=False) if as_json else in_words(found))


def added(options: dict[str, Any]) -> DatasetVersion:
    """The version. DatasetError with one sentence; nothing is kept then."""
    by = owner_of(options["owner"])
    dataset_choices.kind_named(options["kind"])
    return dataset_here.carried_out(begun(options, by), lambda it: wanted(it, options), by)


def owner_of(name: str | None) -> User:
    people = User.objects.filter(username=name) if name else User.objects.filter(is_superuser=True)
    found = people.order_by("pk").first()
    if found is None:
        raise DatasetError(f"There is no person called {name}." if name else "Nobody joined yet.")
    return found


def begun(options: dict[str, Any], by: User) -> DatasetAddition:
    if options["hub"]:
        where = {name: options[name] for name in ("config", "revision")}
        repo, split = options["hub"], options["hub_split"]
        return dataset_adding.begin_hub(repo=repo, split=split, by=by, tell=False, **where)
    return dataset_here.local(file=options["file"], by=by, header=not options["no_header"])


def wanted(addition: DatasetAddition, options: dict[str, Any]) -> Wanted:
    """What is not said is taken as suggested."""
    kind = dataset_choices.kind_named(options["kind"])
    mapping = {**addition.found.get("suggested", {}).get(kind.name, {}), **mapped(options["map"])}
    name = options["name"] or usual_name(addition)
    return Wanted(name, kind.name, mapping, splits_of(addition, kind.usual_split, options))


def mapped(pairs: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, theirs = pair.partition("=")
        if not equals or not theirs:
            raise DatasetError(f"--map {pair}: write it as prompt=question.")
        found.setdefault(name, []).append(theirs)
    return found


def splits_of(addition: DatasetAddition, usual: str, options: dict[str, Any]) -> Splits:
    if options["split_column"]:
        return Splits("own", column=options["split_column"])
    if options["into"]:
        return Splits("one", split=options["into"])
    if options["shares"]:
        return Splits("shares", shares=shares_of(options["shares"]), seed=options["seed"])
    if dataset_choices.has_own_files(addition.found):
        return Splits("files")
    return Splits("one", split=usual or "train")


def shares_of(text: str) -> dict[str, float]:
    try:
        parts = [float(part) / 100 for part in text.split("/")]
        return dict(zip(SPLITS, parts, strict=True))
    except ValueError as error:
        raise DatasetError(f"--shares {text}: write three numbers, such as 80/10/10.") from error


def summary(version: DatasetVersion) -> dict[str, Any]:
    """The keys that `freeze_dataset` prints too, where both have them."""
    return {
        "dataset": version.dataset.name,
        "kind": version.dataset.kind,
        "version": version.number,
        "counts": version.report["counts"],
        "refused": version.report["refused"],
        "sha256": {name: facts["sha256"] for name, facts in sorted(version.files.items())},
        "content_hash": version.content_hash,
    }


def in_words(found: dict[str, Any]) -> str:
    counts = found["counts"]
    splits = ", ".join(f"{name} {n}" for name, n in counts["splits"].items())
    lines = [
        f"{found['dataset']}, version {found['version']}: {counts['rows']} of {counts['read']} "
        f"rows ({splits}).",
        *(f"Left out {n}: {fault}." for fault, n in found["refused"].items()),
    ]
    return "\n".join(lines)
