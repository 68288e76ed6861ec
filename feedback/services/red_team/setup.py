"""Which models a project lets its labelers try, and by what names they know them."""

from collections.abc import Sequence
from string import ascii_uppercase

from feedback.models import Project, RedTeam
from feedback.services.batches.answers import Column
from feedback.services.errors import FeedbackError
from llmkit.types import SettingsError

MOST = 4


def columns_of(project: Project) -> list[Column]:
    found = RedTeam.objects.filter(project=project).first()
    return [Column.from_dict(data) for data in found.columns] if found else []


def aliases(columns: Sequence[Column]) -> dict[str, Column]:
    """Model A, Model B, …: what a labeler's page calls them."""
    return {f"Model {letter}": c for letter, c in zip(ascii_uppercase, columns, strict=False)}


def choose(*, project: Project, columns: Sequence[Column]) -> None:
    """The models for attempts that begin from now on; those under way keep theirs."""
    if not 0 < len(columns) <= MOST:
        raise FeedbackError(f"Choose one to {MOST} models.")
    for column in columns:
        require_variety(column)
    RedTeam.objects.update_or_create(
        project=project, defaults={"columns": [column.to_dict() for column in columns]}
    )


def require_variety(column: Column) -> None:
    try:
        column.settings.validated()
    except SettingsError as error:
        raise FeedbackError(str(error)) from error
    if column.settings.greedy:
        raise FeedbackError(
            "Temperature must be above 0: the ranking task needs answers that differ."
        )
