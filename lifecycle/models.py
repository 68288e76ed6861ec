"""A rehearsal: the whole loop on one model, stage by stage, and what each stage has made."""

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.urls import reverse

from accounts.access import ADMIN, is_in_group
from training.models import Job, ModelVersion
from training.models.job import JobQuerySet

if TYPE_CHECKING:
    from accounts.models import User


class RehearsalQuerySet(JobQuerySet):
    def seen_by(self, user: "User") -> Self:
        """Their own, and every one for an admin."""
        return self if is_in_group(user, ADMIN) else self.filter(owner=user)

    def with_names(self) -> Self:
        return self.select_related("owner", "model", "produced")

    def unfinished(self) -> Self:
        """Those that can go on: at work, stopped, or failed."""
        return self.exclude(state=Job.State.DONE)


class Rehearsal(Job):
    """`plan` holds every number that it was begun with (lifecycle/sizes.py), so that it goes on as
    it was begun. `worker` names the process of the shell that drives it; empty where the site's
    workers do. `model` is what is trained, `produced` what came of it, `report` what was found.
    """

    class Size(models.TextChoices):
        QUICK = "quick", "Quick"
        FULL = "full", "Full"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="rehearsals"
    )
    number = models.PositiveIntegerField(unique=True)
    size = models.CharField(max_length=5, choices=Size.choices)
    plan = models.JSONField(default=dict)
    model = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.SET_NULL, related_name="rehearsals"
    )
    produced = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.SET_NULL, related_name="rehearsed_in"
    )
    report = models.JSONField(default=dict)

    objects = RehearsalQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"Rehearsal {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("rehearsals:one", args=[self.pk])

    @property
    def can_resume(self) -> bool:
        return self.state in (Job.State.FAILED, Job.State.CANCELLED)

    @property
    def named(self) -> str:
        """What the things that it makes are called by."""
        return f"rehearsal-{self.number}"

    @property
    def model_name(self) -> str:
        return self.model.name if self.model else str(self.plan.get("model", ""))


class RehearsalStage(models.Model):
    """One stage that was begun. There is no second row for it, so no driver begins it twice.
    `facts` are what it found, where that is no thing of its own."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(max_length=20)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["rehearsal", "name"], name="a_stage_begins_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.rehearsal}"


class Made(models.Model):
    """One thing that a stage has made: `kind` and `key` name its row (lifecycle/things.py).

    It is stored in the transaction that makes the thing, so a thing is made once, or not at all.
    """

    stage = models.ForeignKey(RehearsalStage, on_delete=models.CASCADE, related_name="made")
    role = models.CharField(max_length=20)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "made things"
        constraints = [
            models.UniqueConstraint(fields=["stage", "role"], name="a_stage_makes_each_once")
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.stage}: {self.kind} {self.key}"

    @property
    def thing(self) -> Any:
        """The row itself; None where somebody has removed it."""
        from lifecycle.things import THINGS

        return THINGS[self.kind].found(self.key)
