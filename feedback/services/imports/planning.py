"""What a file of rankings would add to a project, decided before anything is written."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from feedback.importers import FORMATS, Imported, Refused, read_file
from feedback.importers.files import count_rows
from feedback.importers.rows import MAX_LINE
from feedback.models import Project, RankingTask
from feedback.rules import texts
from feedback.services.errors import FeedbackError

SAME_TASK_OTHER_PROMPT = "the task is known with another prompt"
SAME_TASK_OTHER_ANSWERS = "the task is known with other candidates"
RANKED_TWICE = "this person has ranked this task already"
MOST_ROWS = 500_000
LOOKED_AT = 20

# Told the phase in words, rows done and rows in all; it may raise to stop the work.
Report = Callable[[str, int, int], None]


def silent(phase: str, done: int, total: int) -> None:
    """For who does not watch."""


@dataclass
class Plan:
    """What a file would add: tasks by name with the rows that rank them, and what is refused."""

    sha256: str
    tasks: dict[str, list[Imported]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    def take(self, row: Imported, fault: str | None) -> None:
        if fault:
            self.refused.append(Refused(row.number, fault, row.raw))
        else:
            self.tasks.setdefault(self.name_of(row), []).append(row)

    def name_of(self, row: Imported) -> str:
        return row.task or f"{self.sha256[:12]}:{row.number}"

    @property
    def faults(self) -> "Counter[str]":
        return Counter(row.fault for row in self.refused)


def hash_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FeedbackError(f"{path} cannot be read: {error.strerror}.") from error


def plan_of(
    project: Project,
    path: Path,
    format_name: str,
    sha256: str,
    *,
    file_name: str = "",
    report: Report = silent,
) -> Plan:
    """FeedbackError for a file that breaks off, has too many rows, or not one that can be used."""
    FORMATS.get(format_name)
    plan, known = Plan(sha256), known_tasks(project)
    try:
        total = count_rows(path, MAX_LINE)
        if total > MOST_ROWS:
            raise FeedbackError(f"The file has {total:,} rows; import at most {MOST_ROWS:,}.")
        for row in read_file(path, format_name):
            report("Reading", row.number, total)
            if isinstance(row, Refused):
                plan.refused.append(row)
            else:
                plan.take(row, fault_of(row, plan, known))
    except (OSError, EOFError, zlib.error) as error:
        raise FeedbackError(f"{file_name or path.name} cannot be read: {error}.") from error
    if not plan.tasks:
        raise FeedbackError(why_nothing(plan, path, format_name, file_name or path.name))
    return plan


def why_nothing(plan: Plan, path: Path, format_name: str, file_name: str) -> str:
    """A sentence about a file of which no row can be used, with the format it looks like."""
    if not plan.refused:
        return f"{file_name} has no rankings in it."
    fault, times = plan.faults.most_common(1)[0]
    count = len(plan.refused)
    said = f"None of the {count:,} rows can be used as {format_name}; {times:,} times {fault}."
    if count == 1:
        said = f"Its only row cannot be used as {format_name}: {fault}."
    better = next((name for name in FORMATS if fits(path, name)), "")
    return f"{said} The file looks like {better}." if better not in ("", format_name) else said


def fits(path: Path, format_name: str) -> bool:
    """Whether most of the first rows can be read as this format."""
    rows = list(islice(read_file(path, format_name), LOOKED_AT))
    return 2 * sum(isinstance(row, Imported) for row in rows) > len(rows)


@dataclass(frozen=True)
class Known:
    """A task of an earlier import: what a further row about it has to agree with."""

    prompt_hash: str
    answers: frozenset[str]
    labelers: frozenset[str]


def known_tasks(project: Project) -> dict[str, Known]:
    tasks = project.tasks.filter(source=RankingTask.Source.IMPORT)
    found = {}
    for task in tasks.prefetch_related("candidates", "annotations__labeler"):
        said = frozenset(candidate.text_hash for candidate in task.candidates.all())
        names = frozenset(a.labeler.name for a in task.annotations.all())
        found[task.external_id] = Known(task.prompt_hash, said, names)
    return found


def fault_of(row: Imported, plan: Plan, known: dict[str, Known]) -> str | None:
    """Why a row about a task that is known already cannot be used."""
    before = plan.tasks.get(plan.name_of(row), [])
    older = known.get(plan.name_of(row)) or (as_known(before) if before else None)
    if older is None:
        return None
    if texts.prompt_hash(row.messages) != older.prompt_hash:
        return SAME_TASK_OTHER_PROMPT
    if answer_hashes(row) != older.answers:
        return SAME_TASK_OTHER_ANSWERS
    names = older.labelers | {other.annotator for other in before}
    return RANKED_TWICE if row.annotator in names else None


def as_known(rows: list[Imported]) -> Known:
    names = frozenset(row.annotator for row in rows)
    return Known(texts.prompt_hash(rows[0].messages), answer_hashes(rows[0]), names)


def answer_hashes(row: Imported) -> frozenset[str]:
    return frozenset(texts.sha256(answer.text) for answer in row.answers)
