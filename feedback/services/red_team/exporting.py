"""The attempts of a project as JSON lines."""

import json
from collections.abc import Iterator
from typing import Any

from feedback.models import Attempt, Project


def lines(project: Project) -> Iterator[str]:
    """One attempt a line, the oldest first, with whole dialogues."""
    found = Attempt.objects.filter(project=project).begun().order_by("pk")
    for attempt in found.select_related("labeler", "task", "guidelines").iterator(500):
        yield json.dumps(as_row(attempt), ensure_ascii=False) + "\n"


def as_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.pk,
        "labeler": attempt.labeler.name,
        "model": attempt.model,
        "settings": attempt.settings,
        "objective": attempt.objective,
        "guidelines": attempt.guidelines.number if attempt.guidelines else None,
        "goal": attempt.goal,
        "messages": attempt.messages,
        "state": attempt.state,
        "success": attempt.success,
        "outcome": attempt.outcome,
        "flags": attempt.flags,
        "task": attempt.task_id,
        "started_at": attempt.created_at.isoformat(),
        "ended_at": attempt.ended_at.isoformat() if attempt.ended_at else None,
    }
