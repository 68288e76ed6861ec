"""Several runs at once that differ in a few settings."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.db import transaction

from accounts.models import User
from llmkit.configs import as_text
from training.models import Sweep, TrainingJob
from training.services.errors import RunsError
from training.services.runs import making
from training.services.runs.asking import Asked, asked

MOST_RUNS = 20
WITHIN = "peft."
UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 80
Fields = Mapping[str, Sequence[Any]]


def runs_in(fields: Fields) -> int:
    total = 1
    for values in fields.values():
        total *= len(values)
    return total


def each_of(method: str, values: Mapping[str, Any], fields: Fields) -> list[tuple[Any, Asked]]:
    """What differs, and the run that can be made, for every combination. RunsError where one of
    them can't be made, or they are too many."""
    total = runs_in(fields)
    if total > MOST_RUNS:
        raise RunsError(f"These are {total} runs. Start at most {MOST_RUNS} at once.", "sweep")
    base = str(values.get("name") or method)
    return [
        (swept, asked(method, with_values(values, swept) | {"name": name_of(base, swept)}))
        for swept in combinations(fields)
    ]


def combinations(fields: Fields) -> Iterator[dict[str, Any]]:
    for chosen in itertools.product(*fields.values()):
        yield dict(zip(fields, chosen, strict=True))


def with_values(values: Mapping[str, Any], swept: Mapping[str, Any]) -> dict[str, Any]:
    """`peft.rank` is a setting of the way of tuning."""
    own = {name: value for name, value in swept.items() if not name.startswith(WITHIN)}
    within = {n.removeprefix(WITHIN): v for n, v in swept.items() if n.startswith(WITHIN)}
    peft = values.get("peft")
    changed = {"peft": {**peft, **within}} if within and isinstance(peft, Mapping) else {}
    return {**values, **own, **changed}


def name_of(base: str, swept: Mapping[str, Any]) -> str:
    """The base and what differs: sums-rank-8-seed-1."""
    parts = (f"{name.removeprefix(WITHIN)}-{as_text(value)}" for name, value in swept.items())
    end = UNFIT.sub("-", "-".join(parts))
    return f"{base[: max(1, LONGEST_NAME - len(end) - 1)]}-{end}"[:LONGEST_NAME]


@transaction.atomic
def create(*, method: str, values: Mapping[str, Any], fields: Fields, owner: User) -> Sweep:
    """All of its runs or none."""
    wanted = each_of(method, values, fields)
    plain = {name: list(found) for name, found in fields.items()}
    name = str(values.get("name") or method)
    sweep = Sweep.objects.create(owner=owner, name=name, method=method, fields=plain)
    for swept, one in wanted:
        making.create(asked=one, owner=owner, sweep=sweep, swept=swept)
    return sweep


def stop(*, sweep: Sweep) -> int:
    """Ask every run of it that has not ended to stop; how many there were."""
    live = list(TrainingJob.objects.live().filter(sweep=sweep))
    for job in live:
        with suppress(RunsError):
            making.cancel(job=job)
    return len(live)
