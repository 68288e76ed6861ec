"""A ranking project: what is asked, of whom, and the guidelines in each of their versions."""

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.access import ADMIN, LABELER, TRAINER, is_in_group

if TYPE_CHECKING:
    from accounts.models import User


# The project that votes given in the chat go into; it is made by itself and owned by nobody.
CHAT_SLUG = "chat"


def every_question() -> list[str]:
    return list(Project.Question.values)


class ProjectQuerySet(models.QuerySet["Project"]):
    def open(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None).filter(staged_for=None)

    def run_by(self, user: "User") -> Self:
        """Those the person answers for, archived or not: their own and the chat's votes, every
        one for an admin."""
        if is_in_group(user, ADMIN):
            return self.all()
        mine = Q(owner=user) | Q(owner=None, slug=CHAT_SLUG)
        return self.filter(mine) if is_in_group(user, TRAINER) else self.none()

    def managed_by(self, user: "User") -> Self:
        """Those the person may see and change whole."""
        return self.run_by(user).open()

    def labeled_by(self, user: "User") -> Self:
        """Those the person may rank in: named for it, or open to every labeler."""
        if not is_in_group(user, LABELER):
            return self.none()
        named = Q(people=user) | Q(open_to_all=True) | Q(owner=user)
        return self.open().filter(named).distinct()


class Project(models.Model):
    """A project made from the shell before there is a person has no owner; admins see it.

    `uniform_share` of the tasks come in uniform order even when the rest are chosen by doubt,
    so that measures have an unbiased part to stand on. `gold_share` and `repeat_share` are the
    shares of a labeler's tasks that are gold tasks and that they have ranked before.

    A project that is `staged_for` another one holds what an import has written so far; nobody
    sees it, and in the end all of it moves into the other one at once.
    """

    class Objective(models.TextChoices):
        HELPFUL = "helpful", "Helpful"
        HONEST = "honest", "Honest"
        HARMLESS = "harmless", "Harmless"
        OWN = "own", "Your own"

    class Order(models.TextChoices):
        UNIFORM = "uniform", "In random order"
        DOUBT = "doubt", "Where the reward model is least sure first"

    class Question(models.TextChoices):
        FLAGS = "flags", "Flags"
        RATINGS = "ratings", "Helpful, honest, harmless ratings"
        STRENGTH = "strength", "Strength of preference"
        COMMENT = "comment", "Comment"
        CORRECTION = "correction", "A better answer"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="feedback_projects",
    )
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100, unique=True)
    objective = models.CharField(max_length=8, choices=Objective.choices, default=Objective.HELPFUL)
    objective_text = models.CharField(max_length=300, blank=True)
    candidates = models.PositiveSmallIntegerField(
        default=4, validators=[MinValueValidator(2), MaxValueValidator(9)]
    )
    overlap = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    order = models.CharField(max_length=7, choices=Order.choices, default=Order.UNIFORM)
    uniform_share = models.FloatField(
        default=0.2, validators=[MinValueValidator(0), MaxValueValidator(1)]
    )
    gold_share = models.FloatField(
        default=0.1, validators=[MinValueValidator(0), MaxValueValidator(0.5)]
    )
    repeat_share = models.FloatField(
        default=0, validators=[MinValueValidator(0), MaxValueValidator(0.5)]
    )
    claim_minutes = models.PositiveSmallIntegerField(default=30)
    questions = models.JSONField(default=every_question)
    open_to_all = models.BooleanField(default=True)
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="ranks_in_projects"
    )
    staged_for = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def latest_guidelines(self) -> "Guidelines | None":
        return self.guidelines.order_by("-number").first()


class Guidelines(models.Model):
    """One wording of a project's guidelines, in Markdown; it never changes."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="guidelines")
    number = models.PositiveIntegerField()
    text = models.TextField()
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "number"]
        verbose_name_plural = "guidelines"
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="guidelines_count_up")
        ]

    def __str__(self) -> str:
        return f"{self.project}, guidelines {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Guidelines never change; write a new version instead.")
        super().save(*args, **kwargs)
