"""Scores of a file put on the board: for each system a run that is done, all of them or none."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.recording import Kind, Verb, record
from evaluation.models import EvaluationRun, System
from evaluation.run import samples
from evaluation.run.measured import Measured
from evaluation.run.samples import Sample
from evaluation.services import scores as board
from evaluation.services.errors import EvaluationsError
from evaluation.services.scoring import Scored, Scores
from evaluation.services.scoring_files import Sheet

if TYPE_CHECKING:
    from accounts.models import User

LONGEST_NAME = 80
MOST_KEPT_REFUSED = 1000


@dataclass(frozen=True)
class Filed:
    """What a file is called on the board: its rows decide which numbers stand in one column."""

    name: str
    version: str

    @property
    def task(self) -> str:
        return f"file:{self.name}"

    @property
    def matter(self) -> str:
        return f"{self.task}@{self.version}"


def filed(name: str, sheet: Sheet) -> Filed:
    """EvaluationsError for a name that can't be one."""
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        raise EvaluationsError(f"Give it a name of at most {LONGEST_NAME} characters.", "name")
    digest = sha256()
    for line in sheet.lines:
        digest.update(repr((line.references, line.source)).encode("utf-8", "replace"))
    return Filed(clean, digest.hexdigest()[:12])


def save(
    *, name: str, sheet: Sheet, scores: Scores, owner: "User", shared: bool = False
) -> list[EvaluationRun]:
    """Nothing is left behind where any part of it fails."""
    there = filed(name, sheet)
    made: list[EvaluationRun] = []
    try:
        with transaction.atomic():
            for system, found in scores.systems.items():
                made.append(of_system(system, there, sheet, found, owner, shared))
    except BaseException:
        for run in made:
            shutil.rmtree(run.folder, ignore_errors=True)
        raise
    return made


def of_system(
    name: str,
    there: Filed,
    sheet: Sheet,
    found: Mapping[str, Scored],
    owner: "User",
    shared: bool,
) -> EvaluationRun:
    system = system_named(name, owner, shared)
    now, count = timezone.now(), len(sheet.lines)
    refused = [{"row": one.row, "why": one.why} for one in sheet.refused[:MOST_KEPT_REFUSED]]
    run = EvaluationRun.objects.create(
        owner=owner,
        name=f"{name} on {there.name}"[:96],
        shared=shared,
        system=system,
        subject=f"system:{system.pk}",
        matter=there.matter,
        measures=list(found),
        convention=sha256(there.matter.encode()).hexdigest(),
        state=EvaluationRun.State.DONE,
        started_at=now,
        ended_at=now,
        done_items=count,
        total_items=count,
        facts={"from": "file", "refused": refused, "empty": sheet.empty.get(name, 0)},
    )
    record(verb=Verb.MADE, kind=Kind.EVALUATION, name=run.name, thing=run.pk, by=owner)
    measured = list(numbers(there, found))
    main = next((one.measure for one in measured if one.main), "")
    try:
        samples.write(run.folder, there.task, lines(name, sheet, found), main=main)
        board.record(run=run, measured=measured)
    except BaseException:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise
    return run


def system_named(name: str, owner: "User", shared: bool) -> System:
    """One's own under that name, made where there is none."""
    system = System.objects.filter(name=name).first()
    if system is None:
        return System.objects.create(name=name, owner=owner, shared=shared)
    if system.owner_id != owner.pk and not system.shared:
        raise EvaluationsError(
            f"'{name}' is the name of a system of somebody else. Give yours another name.",
            "systems",
        )
    if shared and not system.shared:
        System.objects.filter(pk=system.pk).update(shared=True)
    return system


def numbers(there: Filed, found: Mapping[str, Scored]) -> Iterator[Measured]:
    """An undefined number is no number."""
    known = [one for one in found.values() if one.value is not None]
    for place, one in enumerate(known):
        yield Measured(
            task=there.task,
            task_version=there.version,
            measure=one.measure.name,
            main=place == 0,
            value=one.finding.value,
            n=one.finding.n,
            low=one.sure.low,
            high=one.sure.high,
            method=one.sure.method,
            signature=one.finding.signature[:400],
            higher_is_better=one.measure.higher_is_better is not False,
            unit="0–100" if one.measure.per_hundred else "",
            extra={"left_out": one.finding.left_out, "notes": list(one.finding.notes)},
        )


def lines(system: str, sheet: Sheet, found: Mapping[str, Scored]) -> Iterator[Sample]:
    for place, line in enumerate(sheet.lines):
        own = {
            key: one.finding.per_item[place]
            for key, one in found.items()
            if one.finding.per_item is not None
        }
        yield {
            "id": f"row-{line.number}",
            "cluster": line.source,
            "prompt": line.prompt,
            "output": "\n\n".join(line.outputs[system]),
            "references": list(line.references),
            "values": {key: float(value) for key, value in own.items() if value is not None},
        }
