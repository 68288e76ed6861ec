"""Adding ranking tasks: a prompt and the answers to choose between."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from feedback.models import Candidate, CandidateSet, CandidateSource, Project, RankingTask
from feedback.rules import texts
from feedback.services.errors import FeedbackError


@dataclass(frozen=True)
class NewAnswer:
    """An answer and where it came from; `source` are fields of CandidateSource."""

    text: str
    source: dict[str, Any] = field(default_factory=dict)


def add_task(
    *,
    project: Project,
    source: str,
    external_id: str,
    messages: Sequence[dict[str, str]],
    answers: Sequence[NewAnswer],
    priority: int = 0,
    overlap: int | None = None,
) -> RankingTask:
    """A task with its first candidate set. FeedbackError where it is there already or empty.

    Answers that say the same become one candidate with several sources. `overlap` None: the
    project's; a task with 0 is offered to nobody.
    """
    if not messages or not any(answer.text.strip() for answer in answers):
        raise FeedbackError("A ranking task needs a prompt and at least one answer.")
    try:
        with transaction.atomic():
            task = RankingTask.objects.create(
                project=project,
                source=source,
                external_id=external_id,
                messages=list(messages),
                prompt_hash=texts.prompt_hash(messages),
                group_key=texts.group_key(messages),
                guidelines=project.latest_guidelines,
                overlap=project.overlap if overlap is None else overlap,
                priority=priority,
            )
            set_of(task, [candidate_of(task, answer) for answer in answers])
    except IntegrityError as error:
        raise FeedbackError("This task is in the project already.") from error
    return task


def candidate_of(task: RankingTask, answer: NewAnswer) -> Candidate:
    """The candidate with this text, new or known, with one more source."""
    candidate, _ = Candidate.objects.get_or_create(
        task=task, text_hash=texts.sha256(answer.text), defaults={"text": answer.text}
    )
    CandidateSource.objects.create(candidate=candidate, **answer.source)
    return candidate


def set_of(task: RankingTask, candidates: Sequence[Candidate]) -> CandidateSet:
    """The next version of the task's candidates, each once, in this order."""
    keys = list(dict.fromkeys(candidate.pk for candidate in candidates))
    version = task.sets.count() + 1
    return CandidateSet.objects.create(
        task=task, version=version, candidates=keys, hash=set_hash(keys)
    )


def set_hash(keys: Sequence[int]) -> str:
    return texts.sha256(",".join(map(str, keys)))
