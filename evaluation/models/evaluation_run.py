"""The work of measuring one model: what is asked, how far it is, what it cost, what came out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from accounts.access import ADMIN, is_in_group
from evaluation.models.system import System
from training.models import DatasetVersion, Job, ModelVersion
from training.models.job import JobQuerySet
from training.models.training_job import STATUS

if TYPE_CHECKING:
    from accounts.models import User
    from evaluation.models.score import Score

FOLDER = "evaluations"


def newness(alike: list[str], when: str) -> Window:
    """1 for the newest of those rows that are alike."""
    return Window(RowNumber(), partition_by=alike, order_by=F(when).desc())


class EvaluationRunQuerySet(JobQuerySet):
    def of(self, user: "User", *, everyone: bool = False) -> Self:
        return self if everyone else self.filter(owner=user)

    def seen_by(self, user: "User") -> Self:
        """Their own, what is shared once it is done, and every one for an admin."""
        if is_in_group(user, ADMIN):
            return self
        return self.filter(Q(owner=user) | Q(shared=True, state=Job.State.DONE))

    def queue(self) -> Self:
        """Those that wait, in the order in which workers take them."""
        return self.filter(state=Job.State.WAITING).order_by("created_at")

    def done(self) -> Self:
        return self.filter(state=Job.State.DONE)

    def newest(self) -> Self:
        """Of each subject, matter and convention the last run that is done."""
        alike = ["subject", "matter", "convention"]
        return self.done().annotate(newness=newness(alike, "ended_at")).filter(newness=1)

    def with_names(self) -> Self:
        """What a list shows of each, in one query."""
        return self.select_related("owner", "model", "system", "dataset__dataset")

    def with_scores(self) -> Self:
        return self.prefetch_related("scores")

    def about(self, words: str) -> Self:
        """Those whose name, subject or benchmark holds the words."""
        found = self
        for word in words.split():
            named = Q(name__icontains=word) | Q(benchmark__icontains=word)
            subject = Q(model__name__icontains=word) | Q(system__name__icontains=word)
            found = found.filter(named | subject | Q(remote__icontains=word))
        return found

    def with_model(self, version: ModelVersion) -> Self:
        return self.filter(model=version)


class EvaluationRun(Job):
    """One subject measured on one matter under one convention.

    The subject is a `model` of this machine, a `remote` one that an endpoint answers for, or a
    `system` whose outputs came as a file; `subject` names it for comparing. The matter is a
    `benchmark`, or a `dataset` version; `matter` names it with its version. `prompt` is the
    template's data (name, version, spec). `settings` are those of generation that were asked for;
    a benchmark's own stand where they are empty. `convention` is a hash over all that must be equal
    for two numbers to be comparable: template, shots, settings, seed, limit, chat template.

    Items are counted in `done_items`. The run's folder holds prompts, outputs and items; the row
    keeps what they cost. `facts` tells what is worth knowing later: where the answers came from,
    precision, contamination. `child` names the process at work, `deaths` counts how often it died
    at `died_at` items without getting any further.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="evaluations"
    )
    name = models.CharField(max_length=96)
    shared = models.BooleanField(default=False)

    model = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="evaluations"
    )
    system = models.ForeignKey(
        System, null=True, on_delete=models.PROTECT, related_name="evaluations"
    )
    remote = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=220)

    benchmark = models.CharField(max_length=100, blank=True)
    benchmark_version = models.CharField(max_length=64, blank=True)
    dataset = models.ForeignKey(
        DatasetVersion, null=True, on_delete=models.PROTECT, related_name="evaluations"
    )
    split = models.CharField(max_length=20, blank=True)
    matter = models.CharField(max_length=200)

    prompt = models.JSONField(default=dict)
    shots = models.PositiveSmallIntegerField(null=True)
    settings = models.JSONField(default=dict)
    seed = models.PositiveBigIntegerField(default=0)
    chat_template = models.BooleanField(default=False)
    limit = models.PositiveIntegerField(null=True)
    measures = models.JSONField(default=list)
    convention = models.CharField(max_length=64)

    done_items = models.PositiveIntegerField(default=0)
    total_items = models.PositiveIntegerField(default=0)
    prompt_tokens = models.BigIntegerField(default=0)
    completion_tokens = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    peak_memory = models.BigIntegerField(null=True)
    facts = models.JSONField(default=dict)

    warnings = models.PositiveIntegerField(default=0)
    events_read = models.BigIntegerField(default=0)
    child = models.CharField(max_length=200, blank=True)
    deaths = models.PositiveSmallIntegerField(default=0)
    died_at = models.PositiveIntegerField(default=0)

    objects = EvaluationRunQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        indexes = [models.Index(fields=["state", "created_at"], name="evaluation_queue")]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(model__isnull=False, system__isnull=True, remote="")
                    | Q(model__isnull=True, system__isnull=False, remote="")
                    | (Q(model__isnull=True, system__isnull=True) & ~Q(remote=""))
                ),
                name="evaluation_has_one_subject",
            ),
            models.CheckConstraint(condition=~Q(matter=""), name="evaluation_has_a_matter"),
        ]

    def __str__(self) -> str:
        return f"evaluation {self.name}"

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.pk}"

    @property
    def folder(self) -> Path:
        where: Any = settings.DATA_DIR
        return Path(where) / self.path

    def get_absolute_url(self) -> str:
        return reverse("evaluation:run", args=[self.pk])

    @property
    def main_scores(self) -> "list[Score]":
        """The measures that its tasks are known by."""
        return [score for score in self.scores.all() if score.main]

    @property
    def subject_name(self) -> str:
        """What the leaderboard calls it."""
        if self.model is not None:
            return self.model.name
        return self.system.name if self.system is not None else self.remote

    @property
    def status(self) -> str:
        """The word that scripts read."""
        return STATUS.get(self.state, self.state)

    @property
    def percent(self) -> int | None:
        return min(100, 100 * self.done_items // self.total_items) if self.total_items else None

    @property
    def can_resume(self) -> bool:
        """What came as a file was never asked here."""
        return self.system_id is None and self.state in (Job.State.FAILED, Job.State.CANCELLED)
