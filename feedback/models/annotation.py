"""What one labeler said about one task, in revisions that are only ever added."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from feedback.models.assignment import Assignment
from feedback.models.labeler import Labeler
from feedback.models.project import Guidelines, Project
from feedback.models.task import Candidate, CandidateSet, RankingTask
from feedback.rules.pairs import Ranking


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def of(self, project: Project) -> Self:
        return self.filter(task__project=project)

    def adjudications(self) -> Self:
        return self.filter(source=Annotation.Source.ADJUDICATION)

    def current(self) -> Self:
        """The newest revision of each labeler on each task, unless it was undone or voided.

        Repeats are left out: they are there to be compared with what counts (`repeats`).
        """
        return self.filter(repeat=False).newest()

    def repeats(self) -> Self:
        """What people said when they got a task again, unless it was undone or voided."""
        return self.filter(repeat=True).newest()

    def newest(self) -> Self:
        same = {name: OuterRef(name) for name in ("task", "labeler", "repeat")}
        revisions = Annotation.objects.filter(**same).order_by("-revision").values("revision")
        return self.annotate(newest_revision=Subquery(revisions[:1])).filter(
            revision=F("newest_revision"), withdrawn=False, voided_at=None
        )

    def uniform(self) -> Self:
        """Those whose task was drawn at random and not by doubt; imported ones were not chosen."""
        return self.filter(Q(assignment=None) | Q(assignment__chosen_uniformly=True))


class Annotation(models.Model):
    """Candidates are named by their place in `candidate_set`.

    `withdrawn` is the revision that an undo adds. `key` makes a repeated post harmless. Of a task
    with an adjudication, made by `adjudicated_by`, only that one counts as training data.
    `guidelines` are those in force when it was made; imported ones know of none.

    `flags` are names by place, {"0": ["toxic"]}; `ratings` are numbers from 1 to 5 by place and
    quality, {"0": {"helpful": 4}}. `strength` says how much better the best answer is than the
    worst. `edit` is the labeler's better answer. `repeat` marks what was said about a task for the
    second time; it never counts.
    """

    class Flag(models.TextChoices):
        HALLUCINATION = "hallucination", "Makes something up"
        TOXIC = "toxic", "Toxic"
        FAILS = "fails_objective", "Fails the objective"
        REFUSAL = "refusal", "Refuses"
        PERSONAL = "personal_data", "Personal data"

    class Quality(models.TextChoices):
        HELPFUL = "helpful", "Helpful"
        HONEST = "honest", "Honest"
        HARMLESS = "harmless", "Harmless"

    class Strength(models.IntegerChoices):
        SLIGHTLY = 1, "Slightly better"
        CLEARLY = 2, "Clearly better"
        MUCH = 3, "Much better"

    RATED = range(1, 6)

    class Source(models.TextChoices):
        LABELING = "labeling", "Ranking page"
        CHAT = "chat", "Chat"
        IMPORT = "import", "Import"
        ADJUDICATION = "adjudication", "Adjudication"
        RULE = "rule", "Declared rule"

    key = models.CharField(max_length=200, unique=True)
    task = models.ForeignKey(RankingTask, on_delete=models.CASCADE, related_name="annotations")
    labeler = models.ForeignKey(Labeler, on_delete=models.PROTECT, related_name="annotations")
    assignment = models.ForeignKey(
        Assignment, null=True, blank=True, on_delete=models.PROTECT, related_name="annotations"
    )
    candidate_set = models.ForeignKey(CandidateSet, on_delete=models.PROTECT, related_name="+")
    guidelines = models.ForeignKey(
        Guidelines, null=True, blank=True, on_delete=models.PROTECT, related_name="annotations"
    )
    repeat = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    source = models.CharField(max_length=12, choices=Source.choices)
    tiers = models.JSONField(default=list)
    unranked = models.JSONField(default=list)
    unacceptable = models.JSONField(default=list)
    all_bad = models.BooleanField(default=False)
    best_only = models.BooleanField(default=False)
    edit = models.ForeignKey(
        Candidate, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    edit_is_better = models.BooleanField(default=False)
    flags = models.JSONField(default=dict)
    ratings = models.JSONField(default=dict)
    strength = models.SmallIntegerField(null=True, blank=True, choices=Strength.choices)
    comment = models.TextField(blank=True)
    active_ms = models.PositiveIntegerField(null=True, blank=True)
    withdrawn = models.BooleanField(default=False)
    adjudicated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    void_reason = models.CharField(max_length=300, blank=True)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "labeler", "revision"], name="annotation_revisions_count_up"
            )
        ]

    def __str__(self) -> str:
        return f"{self.labeler} on {self.task}, revision {self.revision}"

    @property
    def ranking(self) -> Ranking:
        """For `feedback.rules.pairs.derive`, which checks it."""
        parent = self.edit.parent_id if self.edit and self.edit_is_better else None
        return Ranking(
            size=self.candidate_set.size,
            tiers=tuple(tuple(tier) for tier in self.tiers),
            unranked=tuple(self.unranked),
            unacceptable=frozenset(self.unacceptable),
            all_bad=self.all_bad,
            best_only=self.best_only,
            edit_of=None if parent is None else self.candidate_set.candidates.index(parent),
        )
