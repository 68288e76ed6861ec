"""A file of rankings into a project: whole or not at all, and every row accounted for.

The file is read and checked before the database is touched. Rows that cannot be used are kept with
their fault, to be looked at and downloaded.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from django.db import IntegrityError, transaction

from accounts.models import User
from feedback.models import Import, Project, RankingTask
from feedback.services.errors import FeedbackError
from feedback.services.imports import staging as stages
from feedback.services.imports.planning import Plan, Report, hash_of, plan_of, silent
from feedback.services.imports.writing import (
    Place,
    Rows,
    write_more,
    write_new,
    write_quarantine,
)

CHUNK = 250
Begun = Callable[[Project], None]
Finish = Callable[[Import], None]


def nothing(_: object) -> None:
    """For who does not watch."""


def import_preferences(
    *,
    project: Project,
    path: Path,
    format_name: str,
    imported_by: User | None = None,
    file_name: str = "",
    overlap: int = 0,
    report: Report = silent,
    begun: Begun = nothing,
    finish: Finish = nothing,
) -> Import:
    """Read a file into a project. FeedbackError: no such file, or nothing of it can be used, or
    it was imported before.

    `report` hears how far it is and may raise to stop; `begun` is told where the tasks are written
    until the end, and `finish` is called inside the transaction that makes them appear.
    """
    name = file_name or path.name
    sha256 = hash_of(path)
    if project.imports.filter(sha256=sha256, format=format_name).exists():
        raise FeedbackError(f"{name} was imported into {project} before.")
    plan = plan_of(project, path, format_name, sha256, file_name=name, report=report)
    done = Import(
        project=project,
        format=format_name,
        file_name=name[:300],
        sha256=sha256,
        tasks=len(plan.tasks),
        annotations=sum(map(len, plan.tasks.values())),
        repaired=repairs(plan),
        refused=dict(plan.faults),
        imported_by=imported_by,
    )
    return written(done, plan, overlap, report, begun, finish)


def repairs(plan: Plan) -> dict[str, int]:
    rows = (row for of_task in plan.tasks.values() for row in of_task)
    return dict(Counter(row.repaired for row in rows if row.repaired))


def written(
    done: Import, plan: Plan, overlap: int, report: Report, begun: Begun, finish: Finish
) -> Import:
    """All of the plan, or nothing of it."""
    staging = stages.staging_for(done.project)
    begun(staging)
    try:
        more = known_rows(done.project, plan)
        new = {name: rows for name, rows in plan.tasks.items() if name not in more}
        place = Place(staging, plan.sha256, done.project.latest_guidelines, overlap)
        for count, chunk in chunks(new):
            with transaction.atomic():
                write_new(place, chunk)
            report("Writing tasks", count, len(new))
        with transaction.atomic():
            published(done, plan, staging, more)
            finish(done)
    except IntegrityError as error:
        raise FeedbackError(
            f"{done.project} was changed while {done.file_name} was read. Import it again."
        ) from error
    finally:
        stages.clear(staging)
    return done


def known_rows(project: Project, plan: Plan) -> Rows:
    names = project.tasks.filter(source=RankingTask.Source.IMPORT)
    known = set(names.values_list("external_id", flat=True))
    return {name: rows for name, rows in plan.tasks.items() if name in known}


def chunks(rows: Rows) -> Iterator[tuple[int, Rows]]:
    """The tasks in parts, each with how many there are with it."""
    rest, count = iter(rows.items()), 0
    while part := dict(islice(rest, CHUNK)):
        count += len(part)
        yield count, part


def published(done: Import, plan: Plan, staging: Project, more: Rows) -> None:
    done.save(force_insert=True)
    stages.move(staging, done.project, done)
    write_more(Place(done.project, plan.sha256), more)
    write_quarantine(done, plan.refused)
