"""The rows of a plan as tasks, candidates and annotations, wherever they are to stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feedback.importers import Imported, Refused
from feedback.models import (
    Annotation,
    Candidate,
    CandidateSet,
    CandidateSource,
    Guidelines,
    Import,
    Labeler,
    Project,
    QuarantinedRow,
    RankingTask,
)
from feedback.rules import texts
from feedback.services.tasks import set_hash

BATCH = 500
Rows = Mapping[str, list[Imported]]


@dataclass(frozen=True)
class Place:
    """Where tasks are written, and what they are given.

    Ranked already, so nobody is asked for them, unless an `overlap` says how many people shall.
    """

    project: Project
    sha256: str
    guidelines: Guidelines | None = None
    overlap: int = 0


@dataclass(frozen=True)
class Written:
    """A task with the set that its rows rank, and the hashes of that set's texts in order."""

    task: RankingTask
    candidates: CandidateSet
    hashes: list[str]


def write_new(place: Place, rows: Rows) -> None:
    """Tasks that are not there yet, with the rankings of them."""
    new = [task_of(place, name, of_task[0]) for name, of_task in rows.items()]
    tasks = dict(zip(rows, RankingTask.objects.bulk_create(new, BATCH), strict=True))
    write_annotations(place, rows, write_candidates(tasks, rows))


def write_more(place: Place, rows: Rows) -> None:
    """Further rankings of tasks that an earlier import brought."""
    of_import = place.project.tasks.filter(source=RankingTask.Source.IMPORT)
    tasks = {task.external_id: task for task in of_import if task.external_id in rows}
    write_annotations(place, rows, {name: as_it_stands(task) for name, task in tasks.items()})


def task_of(place: Place, name: str, row: Imported) -> RankingTask:
    return RankingTask(
        project=place.project,
        source=RankingTask.Source.IMPORT,
        external_id=name[:300],
        messages=list(row.messages),
        prompt_hash=texts.prompt_hash(row.messages),
        group_key=texts.group_key(row.messages),
        guidelines=place.guidelines,
        overlap=place.overlap,
    )


def as_it_stands(task: RankingTask) -> Written:
    candidates = task.sets.latest("version")
    hashes = dict(task.candidates.values_list("pk", "text_hash"))
    return Written(task, candidates, [hashes[pk] for pk in candidates.candidates])


def write_candidates(tasks: Mapping[str, RankingTask], rows: Rows) -> dict[str, Written]:
    """Every task with its first candidate set, in the order of its first row."""
    first = {name: rows[name][0] for name in tasks}
    made = Candidate.objects.bulk_create(
        [
            Candidate(task=tasks[name], text=answer.text, text_hash=texts.sha256(answer.text))
            for name, row in first.items()
            for answer in row.answers
        ],
        BATCH,
    )
    write_sources(first.values(), made)
    of_task: dict[int, list[Candidate]] = {}
    for candidate in made:
        of_task.setdefault(candidate.task_id, []).append(candidate)
    sets = [first_set(task.pk, of_task[task.pk]) for task in tasks.values()]
    CandidateSet.objects.bulk_create(sets, BATCH)
    return {
        name: Written(task, candidates, [c.text_hash for c in of_task[task.pk]])
        for (name, task), candidates in zip(tasks.items(), sets, strict=True)
    }


def write_sources(rows: Iterable[Imported], made: Iterable[Candidate]) -> None:
    models = [answer.model for row in rows for answer in row.answers]
    CandidateSource.objects.bulk_create(
        [
            CandidateSource(candidate=candidate, model=model[:300])
            for candidate, model in zip(made, models, strict=True)
        ],
        BATCH,
    )


def first_set(task_id: int, candidates: list[Candidate]) -> CandidateSet:
    keys = [candidate.pk for candidate in candidates]
    return CandidateSet(task_id=task_id, version=1, candidates=keys, hash=set_hash(keys))


def write_annotations(place: Place, rows: Rows, written: Mapping[str, Written]) -> None:
    names = {row.annotator for of_task in rows.values() for row in of_task}
    labelers = labelers_of(place.project, names)
    Annotation.objects.bulk_create(
        [
            annotation_of(place, row, written[name], labelers[row.annotator])
            for name, of_task in rows.items()
            for row in of_task
        ],
        BATCH,
    )


def labelers_of(project: Project, names: Iterable[str]) -> dict[str, Labeler]:
    kind = Labeler.Kind.IMPORTED
    return {
        name: Labeler.objects.get_or_create(project=project, kind=kind, user=None, name=name)[0]
        for name in sorted(names)
    }


def annotation_of(place: Place, row: Imported, written: Written, labeler: Labeler) -> Annotation:
    """The row's ranking with its numbers turned into places of the task's candidate set."""
    at = [written.hashes.index(texts.sha256(answer.text)) for answer in row.answers]
    ranking = row.ranking
    return Annotation(
        key=f"import:{written.task.pk}:{labeler.pk}:{place.sha256[:16]}:{row.number}",
        task=written.task,
        labeler=labeler,
        candidate_set=written.candidates,
        source=Annotation.Source.IMPORT,
        tiers=[[at[i] for i in tier] for tier in ranking.tiers],
        unranked=[at[i] for i in ranking.unranked],
        unacceptable=sorted(at[i] for i in ranking.unacceptable),
        all_bad=ranking.all_bad,
        flags={str(at[i]): names for i, names in row.flags.items()},
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
