"""Storing a snapshot as an immutable, hashed dataset version."""

from typing import Any

from accounts.models import User
from feedback.models import Project
from feedback.rules.pairs import RULE_VERSION
from feedback.services.errors import FeedbackError
from feedback.services.snapshots.recipe import Recipe
from feedback.services.snapshots.reporting import report
from feedback.services.snapshots.snapshot import Snapshot, snapshot
from training.models import Dataset, DatasetVersion
from training.services import datasets


def freeze(
    *, project: Project, name: str, recipe: Recipe | None = None, made_by: User | None = None
) -> DatasetVersion:
    """The next version of dataset `name`, or the same one again where nothing has changed.

    FeedbackError where there is nothing to freeze.
    """
    recipe = recipe or Recipe()
    made = snapshot(project=project, recipe=recipe)
    return store(project=project, name=name, recipe=recipe, made=made, made_by=made_by)


def store(
    *, project: Project, name: str, recipe: Recipe, made: Snapshot, made_by: User | None
) -> DatasetVersion:
    if not any(made.files.values()):
        raise FeedbackError(f"{project} has no rankings to freeze yet. Rank some answers first.")
    return datasets.freeze(
        name=name,
        kind=Dataset.Kind.PREFERENCE,
        files=made.files,
        source=source_of(project, recipe, made),
        report=report(made),
        made_by=made_by,
    )


def source_of(project: Project, recipe: Recipe, made: Snapshot) -> dict[str, Any]:
    return {
        "project": project.pk,
        "rule_version": RULE_VERSION,
        **recipe.stored(),
        "annotations": sorted(made.said_by),
    }
