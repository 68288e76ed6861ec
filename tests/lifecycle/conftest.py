"""A registry with the tiny model and processes forked from this one, as in the rooms below."""

from tests.evaluation.runs.conftest import (
    admin,
    data,
    forked,
    installed,
    page,
    ready,
    source,
    tasks,
    trainer,
)

__all__ = ["admin", "data", "forked", "installed", "page", "ready", "source", "tasks", "trainer"]
