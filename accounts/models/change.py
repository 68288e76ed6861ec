"""What was changed, by whom and when: rows that are written once and never touched again."""

from typing import TYPE_CHECKING, Any, NoReturn, Self

from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    from datetime import date

FOR_GOOD = "What was recorded stays as it is."


class ChangeQuerySet(models.QuerySet["Change"]):
    """Only `clean_up`, run by whoever keeps the server, could shorten this log, and it does not."""

    def update(self, **changes: Any) -> NoReturn:
        raise TypeError(FOR_GOOD)

    def delete(self) -> NoReturn:
        raise TypeError(FOR_GOOD)

    def by_person(self, username: str) -> Self:
        return self.filter(who_name=username)

    def by_system(self) -> Self:
        """From the shell, or by the app itself."""
        return self.filter(who=None, who_name="")

    def of_kind(self, kind: str) -> Self:
        return self.filter(kind=kind)

    def between(self, first: "date | None", last: "date | None") -> Self:
        """Both days included, in the site's time zone."""
        found = self.filter(at__date__gte=first) if first else self
        return found.filter(at__date__lte=last) if last else found


class Change(models.Model):
    """`who` is None for the shell and the app itself. Names are kept as words, so that they outlive
    what they name. `details` never hold a secret."""

    class Verb(models.TextChoices):
        MADE = "made", "Made"
        CHANGED = "changed", "Changed"
        RENAMED = "renamed", "Renamed"
        REMOVED = "removed", "Removed"
        RESTORED = "restored", "Brought back"
        WITHDRAWN = "withdrawn", "Withdrew"
        USED = "used", "Used"
        SWITCHED_ON = "switched-on", "Switched on"
        SWITCHED_OFF = "switched-off", "Switched off"
        PROMOTED = "promoted", "Promoted"
        ROLLED_BACK = "rolled-back", "Rolled back"
        ARCHIVED = "archived", "Archived"
        UNARCHIVED = "unarchived", "Took out of the archive"
        FROZEN = "frozen", "Froze"
        SHARED = "shared", "Shared"
        UNSHARED = "unshared", "Stopped sharing"
        BACKED_UP = "backed-up", "Backed up"
        CLEANED_UP = "cleaned-up", "Cleaned up"

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        INVITATION = "invitation", "Invitation"
        KEY = "key", "API key"
        MODEL = "model", "Model"
        ENDPOINT = "endpoint", "Endpoint"
        DATASET = "dataset", "Dataset"
        RUN = "run", "Training run"
        PROJECT = "project", "Project"
        EVALUATION = "evaluation", "Evaluation"
        SITE = "site", "Site"
        ROW = "row", "Stored row"

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    who = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    who_name = models.CharField(max_length=150, blank=True)
    verb = models.CharField(max_length=20, choices=Verb.choices)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    thing = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=300)
    details = models.JSONField(default=dict)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["kind", "-at"], name="changes_of_a_kind"),
            models.Index(fields=["who_name", "-at"], name="changes_of_a_person"),
        ]

    def __str__(self) -> str:
        who = self.who_name or "The system"
        return f"{who}: {self.get_verb_display().lower()} {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(FOR_GOOD)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(FOR_GOOD)

    @property
    def told(self) -> str:
        """The details in words."""
        return ", ".join(
            f"{key.replace('_', ' ')}: {plain(it)}" for key, it in self.details.items()
        )


def plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
