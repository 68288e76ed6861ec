"""What is ranked: a prompt, its candidate answers, and the ordered sets they are shown in."""

from typing import Any, Self

from django.db import models

from feedback.models.project import Guidelines, Project


class RankingTaskQuerySet(models.QuerySet["RankingTask"]):
    def open(self) -> Self:
        return self.filter(withdrawn_at=None)


class RankingTask(models.Model):
    """`prompt_hash` and `group_key` come from `feedback.rules.texts`. `gold` holds the tiers a
    gold task expects, by candidate id; such a task never becomes training data. `doubt` is how
    unsure a reward model is of it, from 0 to 1; None where none has looked.
    """

    class Source(models.TextChoices):
        IMPORT = "import", "Imported"
        BATCH = "batch", "Generated"
        CHAT = "chat", "From a chat"
        RED_TEAM = "red-team", "Red team"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tasks")
    source = models.CharField(max_length=8, choices=Source.choices)
    external_id = models.CharField(max_length=300)
    messages = models.JSONField()
    prompt_hash = models.CharField(max_length=64)
    group_key = models.CharField(max_length=64)
    guidelines = models.ForeignKey(Guidelines, null=True, blank=True, on_delete=models.PROTECT)
    imported_in = models.ForeignKey(
        "feedback.Import", null=True, blank=True, on_delete=models.SET_NULL, related_name="made"
    )
    overlap = models.PositiveSmallIntegerField(default=1)
    priority = models.SmallIntegerField(default=0)
    gold = models.JSONField(null=True, blank=True)
    doubt = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = RankingTaskQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "source", "external_id"], name="tasks_are_named_once"
            )
        ]
        indexes = [models.Index(fields=["project", "group_key"])]

    def __str__(self) -> str:
        return f"{self.project}: {self.external_id}"

    @property
    def current_set(self) -> "CandidateSet":
        return self.sets.latest("version")


class Unchanging(models.Model):
    """A row that is written once."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"A {self._meta.verbose_name} never changes.")
        super().save(*args, **kwargs)


class Candidate(Unchanging):
    """One answer. `author` wrote it where a person did; `parent` is what they edited."""

    task = models.ForeignKey(RankingTask, on_delete=models.CASCADE, related_name="candidates")
    text = models.TextField()
    text_hash = models.CharField(max_length=64)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="edits"
    )
    author = models.ForeignKey(
        "feedback.Labeler", null=True, blank=True, on_delete=models.PROTECT, related_name="texts"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["task", "text_hash"], name="a_task_says_it_once")
        ]

    def __str__(self) -> str:
        return self.text[:60]


class CandidateSource(Unchanging):
    """Where an answer came from. The same text generated twice has two of these.

    `template_version` and `message` are keys of the chat's tables, which this room cannot import.
    """

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="sources")
    model = models.CharField(max_length=300, blank=True)
    template_version = models.BigIntegerField(null=True, blank=True)
    message = models.BigIntegerField(null=True, blank=True)
    settings = models.JSONField(default=dict)
    seed = models.BigIntegerField(null=True, blank=True)
    tokens = models.PositiveIntegerField(null=True, blank=True)
    finish_reason = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["message"], condition=models.Q(message__isnull=False), name="by_message"
            )
        ]

    def __str__(self) -> str:
        return self.model or "unknown"


class CandidateSet(Unchanging):
    """The candidates that are ranked together, in an order that rankings refer to by place."""

    task = models.ForeignKey(RankingTask, on_delete=models.CASCADE, related_name="sets")
    version = models.PositiveIntegerField()
    candidates = models.JSONField()
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["task", "version"]
        constraints = [
            models.UniqueConstraint(fields=["task", "version"], name="candidate_sets_count_up")
        ]

    def __str__(self) -> str:
        return f"{self.task}, set {self.version}"

    @property
    def size(self) -> int:
        return len(self.candidates)
