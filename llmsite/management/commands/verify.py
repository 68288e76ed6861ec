"""`manage.py verify`: whether all is as it should be, after a crash, a restore, or just now."""

import json
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from llmsite.invariants import Finding, checked
from llmsite.invariants.invariant import SHOWN


class Command(BaseCommand):
    help = (
        "Look at the whole database and disk: nothing lost, nothing twice, nothing stuck. "
        "Changes nothing; exits with 1 where something is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument(
            "--at-rest",
            action="store_true",
            help="Everything was let finish: whatever still waits or runs, is stuck.",
        )
        parser.add_argument(
            "--files",
            action=BooleanOptionalAction,
            default=True,
            help="Read models, checkpoints and data whole to compare their hashes.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = list(checked(at_rest=options["at_rest"], files=options["files"]))
        except DatabaseError as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(
                f"The database can't be read ({reason}). Check DATABASE_URL, then run "
                "manage.py migrate."
            ) from error
        if options["format"] == "json":
            self.stdout.write(json.dumps([as_json(each) for each in found], ensure_ascii=False))
        else:
            self.stdout.write("\n".join([*lines(found), "", verdict(found)]))
        if not all(each.holds for each in found):
            raise SystemExit(1)


def as_json(found: Finding) -> dict[str, Any]:
    return {
        "name": found.invariant.name,
        "promise": found.invariant.promise,
        "sentence": found.invariant.sentence,
        "n": found.n,
        "holds": found.holds,
        "broken": list(found.broken),
    }


def lines(findings: Sequence[Finding]) -> list[str]:
    """A heading a promise, a line an invariant, and below it the first of what is wrong."""
    told: list[str] = []
    promise = ""
    for found in findings:
        if found.invariant.promise != promise:
            promise = found.invariant.promise
            told += ["", promise.capitalize()]
        how = "ok    " if found.holds else "BROKEN"
        told.append(f"  {how} {found.n:>7,}  {found.invariant.sentence}")
        told += [f"           {what}" for what in found.broken[:SHOWN]]
        if len(found.broken) > SHOWN:
            told.append(f"           and {len(found.broken) - SHOWN:,} more")
    return told[1:]


def verdict(findings: Sequence[Finding]) -> str:
    broken = sum(len(found.broken) for found in findings)
    things = sum(found.n for found in findings)
    if not broken:
        return f"All {len(findings)} hold, over {things:,} things."
    kinds = sum(not found.holds for found in findings)
    return f"{broken:,} things are wrong, in {kinds} of {len(findings)} ways."
