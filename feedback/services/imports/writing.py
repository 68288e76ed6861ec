"""A file of rankings into a project: whole or not at all, and every row accounted for.

The file is read and checked before the database is touched; then all of it is written in one
transaction. Rows that cannot be used are kept with their fault, to be looked at and downloaded.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from django.db import IntegrityError, transaction

from accounts.models import User
from feedback.importers import Imported, Refused
from feedback.models import (
    Annotation,
    Candidate,
    CandidateSet,
    CandidateSource,
    Import,
    Labeler,
    Project,
    QuarantinedRow,
    RankingTask,
)
from feedback.rules import texts
from feedback.services.errors import FeedbackError
from feedback.services.imports.planning import Plan, hash_of, plan_of
from feedback.services.tasks import set_hash

BATCH = 500


def import_preferences(
    *, project: Project, path: Path, format_name: str, imported_by: User | None = None
) -> Import:
    """Read a file into a project. FeedbackError: no such file, or it was imported before."""
    sha256 = hash_of(path)
    if project.imports.filter(sha256=sha256, format=format_name).exists():
        raise FeedbackError(f"{path.name} was imported into {project} before.")
    plan = plan_of(project, path, format_name, sha256)
    try:
        with transaction.atomic():
            return write(project, plan, path.name, format_name, imported_by)
    except IntegrityError as error:
        raise FeedbackError(
            f"{project} was changed while {path.name} was read. Import it again."
        ) from error


def write(
    project: Project, plan: Plan, file_name: str, format_name: str, imported_by: User | None
) -> Import:
    tasks = write_tasks(project, plan)
    sets = write_candidates(project, plan, tasks)
    rows = [row for rows in plan.tasks.values() for row in rows]
    write_annotations(project, plan, tasks, sets)
    done = Import.objects.create(
        project=project,
        format=format_name,
        file_name=file_name[:300],
        sha256=plan.sha256,
        tasks=len(plan.tasks),
        annotations=len(rows),
        repaired=dict(Counter(row.repaired for row in rows if row.repaired)),
        refused=dict(Counter(row.fault for row in plan.refused)),
        imported_by=imported_by,
    )
    write_quarantine(done, plan.refused)
    return done


def write_tasks(project: Project, plan: Plan) -> dict[str, RankingTask]:
    known = project.tasks.filter(source=RankingTask.Source.IMPORT)
    tasks = {task.external_id: task for task in known}
    new = [
        task_of(project, name, rows[0]) for name, rows in plan.tasks.items() if name not in tasks
    ]
    tasks |= {task.external_id: task for task in RankingTask.objects.bulk_create(new, BATCH)}
    return tasks


def task_of(project: Project, name: str, row: Imported) -> RankingTask:
    """Ranked already, so nobody is asked for it: an overlap of 0."""
    return RankingTask(
        project=project,
        source=RankingTask.Source.IMPORT,
        external_id=name[:300],
        messages=list(row.messages),
        prompt_hash=texts.prompt_hash(row.messages),
        group_key=texts.group_key(row.messages),
        guidelines=project.latest_guidelines,
        overlap=0,
    )


def write_candidates(
    project: Project, plan: Plan, tasks: dict[str, RankingTask]
) -> dict[str, CandidateSet]:
    """The candidate set of every task in the plan, made where it is new."""
    of_project = CandidateSet.objects.filter(task__project=project).order_by("version")
    of_old = {old.task_id: old for old in of_project}
    new = {n: rows[0] for n, rows in plan.tasks.items() if tasks[n].pk not in of_old}
    made = Candidate.objects.bulk_create(
        [
            Candidate(task=tasks[name], text=answer.text, text_hash=texts.sha256(answer.text))
            for name, row in new.items()
            for answer in row.answers
        ],
        BATCH,
    )
    write_sources(new, made)
    by_task: dict[int, list[int]] = {}
    for candidate in made:
        by_task.setdefault(candidate.task_id, []).append(candidate.pk)
    sets = CandidateSet.objects.bulk_create(
        [first_set(t, ids) for t, ids in by_task.items()], BATCH
    )
    found = of_old | {candidate_set.task_id: candidate_set for candidate_set in sets}
    return {name: found[tasks[name].pk] for name in plan.tasks}


def write_sources(rows: dict[str, Imported], made: Iterable[Candidate]) -> None:
    models = [answer.model for row in rows.values() for answer in row.answers]
    CandidateSource.objects.bulk_create(
        [
            CandidateSource(candidate=candidate, model=model[:300])
            for candidate, model in zip(made, models, strict=True)
        ],
        BATCH,
    )


def first_set(task_id: int, candidates: list[int]) -> CandidateSet:
    digest = set_hash(candidates)
    return CandidateSet(task_id=task_id, version=1, candidates=candidates, hash=digest)


def write_annotations(
    project: Project, plan: Plan, tasks: dict[str, RankingTask], sets: dict[str, CandidateSet]
) -> None:
    labelers = labelers_of(project, {r.annotator for rows in plan.tasks.values() for r in rows})
    of_project = Candidate.objects.filter(task__project=project)
    hashes = dict(of_project.values_list("pk", "text_hash"))
    Annotation.objects.bulk_create(
        [
            annotation_of(plan, row, tasks[name], sets[name], labelers[row.annotator], hashes)
            for name, rows in plan.tasks.items()
            for row in rows
        ],
        BATCH,
    )


def labelers_of(project: Project, names: set[str]) -> dict[str, Labeler]:
    kind = Labeler.Kind.IMPORTED
    return {
        name: Labeler.objects.get_or_create(project=project, kind=kind, user=None, name=name)[0]
        for name in sorted(names)
    }


def annotation_of(
    plan: Plan,
    row: Imported,
    task: RankingTask,
    candidate_set: CandidateSet,
    labeler: Labeler,
    hashes: dict[int, str],
) -> Annotation:
    """The row's ranking with its numbers turned into places of the task's candidate set."""
    order = [hashes[pk] for pk in candidate_set.candidates]
    place = [order.index(texts.sha256(answer.text)) for answer in row.answers]
    ranking = row.ranking
    return Annotation(
        key=f"import:{task.pk}:{labeler.pk}:{plan.sha256[:16]}:{row.number}",
        task=task,
        labeler=labeler,
        candidate_set=candidate_set,
        source=Annotation.Source.IMPORT,
        tiers=[[place[i] for i in tier] for tier in ranking.tiers],
        unranked=[place[i] for i in ranking.unranked],
        unacceptable=sorted(place[i] for i in ranking.unacceptable),
        all_bad=ranking.all_bad,
        flags={str(place[i]): names for i, names in row.flags.items()},
    )


def write_quarantine(done: Import, refused: list[Refused]) -> None:
    QuarantinedRow.objects.bulk_create(
        [
            QuarantinedRow(
                found_in=done,
                number=row.number,
                fault=row.fault[:300],
                raw=storable(row.raw),
            )
            for row in refused
        ],
        BATCH,
    )


def storable(raw: str) -> str:
    """The row as a text that every database takes: bytes that are no text become marks."""
    return raw.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
