"""One place of a task's overlap, held by one labeler."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from feedback.models.labeler import Labeler
from feedback.models.task import CandidateSet, RankingTask


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def holding(self) -> Self:
        """Those that keep their slot from others."""
        return self.filter(state__in=Assignment.HOLDING, slot__isnull=False)

    def overdue(self) -> Self:
        return self.filter(state__in=Assignment.CLAIMS, expires_at__lt=timezone.now())


class Assignment(models.Model):
    """`permutation[k]` is the place in the candidate set of what is shown at k.

    An expired claim gives its slot back and keeps its draft, so that nothing typed is lost. So does
    one whose ranking was voided, but its labeler does not get the task again.

    Gold tasks and repeats (`repeat`: a task that the labeler has ranked before) stand beside the
    overlap: they have no slot. `chosen_uniformly` is False where doubt chose the task, and for
    those two, which nobody drew at random from the project.
    """

    class State(models.TextChoices):
        CLAIMED = "claimed", "Claimed"
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Submitted"
        SKIPPED = "skipped", "Skipped"
        EXPIRED = "expired", "Expired"
        VOIDED = "voided", "Voided"

    CLAIMS = (State.CLAIMED, State.DRAFT)
    HOLDING = (*CLAIMS, State.SUBMITTED)

    task = models.ForeignKey(RankingTask, on_delete=models.CASCADE, related_name="assignments")
    candidate_set = models.ForeignKey(CandidateSet, on_delete=models.PROTECT, related_name="+")
    labeler = models.ForeignKey(Labeler, on_delete=models.PROTECT, related_name="assignments")
    slot = models.PositiveSmallIntegerField(null=True, blank=True)
    repeat = models.BooleanField(default=False)
    permutation = models.JSONField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.CLAIMED)
    expires_at = models.DateTimeField()
    draft = models.JSONField(default=dict)
    draft_revision = models.PositiveIntegerField(default=0)
    chosen_uniformly = models.BooleanField(default=True)
    skip_reason = models.CharField(max_length=300, blank=True)
    claimed_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "slot"],
                condition=Q(state__in=["claimed", "draft", "submitted"]),
                name="one_labeler_holds_a_slot",
            ),
            models.UniqueConstraint(
                fields=["task", "labeler", "repeat"], name="a_labeler_has_a_task_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task}, {self.labeler}"
