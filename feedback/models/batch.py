"""Prompts that models answer in the background, each becoming a ranking task of its own."""

from typing import Self

from django.conf import settings
from django.db import models

from feedback.models.project import Project
from feedback.models.task import RankingTask
from training.models import Job
from training.models.job import JobQuerySet


class BatchQuerySet(JobQuerySet):
    def started(self) -> Self:
        return self.exclude(state=Job.State.RECEIVING)


class Batch(Job):
    """`columns` are models with their settings, see `services.batches.answers.Column`; answers
    are spread over them. Until it is started it is a draft, in the state `receiving`.

    `deaths` counts workers that died over it, one after the other, without a single answer.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="batches")
    name = models.CharField(max_length=300)
    columns = models.JSONField(default=list)
    candidates = models.PositiveSmallIntegerField(default=2)
    seed = models.BigIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = BatchQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        ordering = ["-created_at"]
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return self.name

    @property
    def is_draft(self) -> bool:
        return self.state == Job.State.RECEIVING

    @property
    def is_at_work(self) -> bool:
        """Waiting for a worker, or with one."""
        return self.state in (Job.State.WAITING, Job.State.RUNNING)

    @property
    def models(self) -> list[str]:
        """The names of its models, each once."""
        return list(dict.fromkeys(column["model"] for column in self.columns))


class BatchPromptQuerySet(models.QuerySet["BatchPrompt"]):
    def wanted(self) -> Self:
        """Those that are to become tasks."""
        return self.exclude(state=BatchPrompt.State.LEFT_OUT)

    def waiting(self) -> Self:
        """Still without all of their answers, the most urgent first."""
        return self.filter(state=BatchPrompt.State.WAITING).order_by("-priority", "number")


class BatchPrompt(models.Model):
    """`number` is the row it came from; `name` is what the file calls it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        MADE = "made", "Ready to rank"
        FAILED = "failed", "Failed"
        LEFT_OUT = "left-out", "Left out"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="prompts")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    messages = models.JSONField()
    prompt_hash = models.CharField(max_length=64)
    priority = models.SmallIntegerField(default=0)
    known = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    error = models.TextField(blank=True)
    task = models.ForeignKey(
        RankingTask, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = BatchPromptQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="a_row_is_one_prompt")
        ]
        indexes = [models.Index(fields=["batch", "state"])]

    def __str__(self) -> str:
        return self.name or f"Row {self.number}"


class BatchAnswer(models.Model):
    """One answer, stored when it is whole. `attempt` counts how often others had to be asked for
    because all were the same."""

    prompt = models.ForeignKey(BatchPrompt, on_delete=models.CASCADE, related_name="answers")
    number = models.PositiveSmallIntegerField()
    attempt = models.PositiveSmallIntegerField(default=0)
    column = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    text = models.TextField(blank=True)
    tokens = models.PositiveIntegerField(null=True, blank=True)
    finish_reason = models.CharField(max_length=20, blank=True)
    total_ms = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["attempt", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "attempt", "number"], name="an_answer_is_stored_once"
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]


class RefusedPrompt(models.Model):
    """A row of a file that is no prompt, with the name of its fault."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="refused")
    number = models.PositiveIntegerField()
    fault = models.CharField(max_length=300)
    raw = models.TextField()

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Row {self.number}: {self.fault}"
