"""One number with what makes it comparable, and how sure it is."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q

from evaluation.models.evaluation_run import EvaluationRun, newness

if TYPE_CHECKING:
    from accounts.models import User


ALIKE = ["run__subject", "run__convention", "task", "task_version", "measure", "signature"]


class ScoreQuerySet(models.QuerySet["Score"]):
    def seen_by(self, user: "User") -> Self:
        return self.filter(run__in=EvaluationRun.objects.seen_by(user))

    def newest(self) -> Self:
        """For the leaderboard: of each subject, task, measure, signature and convention the
        number of the newest done run among these, with the run and its subject at hand."""
        done = self.filter(run__state=EvaluationRun.State.DONE)
        newest = done.annotate(newness=newness(ALIKE, "run__ended_at")).filter(newness=1)
        return newest.select_related("run__model__base", "run__model__parent", "run__system")

    def main(self) -> Self:
        """The measure that a task is known by."""
        return self.filter(main=True)


class Score(models.Model):
    """`task` is a benchmark's task (`cola`), or `dataset:name`, with `task_version`.

    `measure` is the key of a metric, `signature` its convention in full: both say which numbers
    may stand in one column. `value` has an interval from `low` to `high` at `level`, made by
    `method` from `n` items. `extra` holds what belongs to it, such as precision and recall.
    `contaminated` is the share of the items whose text the model was trained on; None where that
    was not looked at.
    """

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="scores")
    place = models.PositiveSmallIntegerField(default=0)
    task = models.CharField(max_length=120)
    task_version = models.CharField(max_length=64, blank=True)
    measure = models.CharField(max_length=60)
    main = models.BooleanField(default=False)
    value = models.FloatField()
    n = models.PositiveIntegerField()
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    level = models.FloatField(default=0.95)
    method = models.CharField(max_length=120, blank=True)
    signature = models.CharField(max_length=400)
    higher_is_better = models.BooleanField(default=True)
    unit = models.CharField(max_length=40, blank=True)
    extra = models.JSONField(default=dict)
    contaminated = models.FloatField(null=True)

    objects = ScoreQuerySet.as_manager()

    class Meta:
        ordering = ["run", "place"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "task", "measure", "signature"], name="one_score_per_measure"
            ),
            models.CheckConstraint(
                condition=Q(low__isnull=True) | Q(high__isnull=True) | Q(low__lte=F("high")),
                name="score_interval_is_in_order",
            ),
        ]
        indexes = [models.Index(fields=["task", "measure"], name="score_columns")]

    def __str__(self) -> str:
        return f"{self.task} {self.measure} {self.value:g}"
