"""Who ranks in a project: a member, somebody from an imported file, a model that judges, or a
declared rule.

Adjudications of a project are the revisions of one labeler more, so that the newest of them counts
whoever of the managers made it.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from feedback.models.project import Project


class Labeler(models.Model):
    """`guidelines_seen` is the number of the guidelines that the person has opened last."""

    class Kind(models.TextChoices):
        HUMAN = "human", "Person"
        IMPORTED = "imported", "From a file"
        AI = "ai", "Model"
        RULE = "rule", "Declared rule"
        ADJUDICATOR = "adjudicator", "Adjudication"

    PEOPLE = (Kind.HUMAN, Kind.IMPORTED)
    MACHINES = (Kind.AI, Kind.RULE)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="labelers")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=200)
    guidelines_seen = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"],
                condition=Q(user__isnull=False),
                name="a_person_is_one_labeler",
            ),
            models.UniqueConstraint(
                fields=["project", "kind", "name"],
                condition=Q(user=None),
                name="labeler_names_differ",
            ),
        ]

    def __str__(self) -> str:
        return self.name
