"""The root turns of a project, in the order in which they came, and which are nearly the same."""

from django.db import models

from feedback.models.project import Project
from feedback.models.task import RankingTask


class PromptGroup(models.Model):
    """One `group_key`. What it says about a prompt never changes, so it is worked out once.

    `number` counts up in the order in which groups were first seen, from which splits follow.
    `task` is one that begins with this turn. `near` are the keys of older groups that are nearly
    the same, oldest first; `signature` is the MinHash that finds later ones (`rules.nearby`).
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompt_groups")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    task = models.ForeignKey(RankingTask, on_delete=models.CASCADE, related_name="+")
    near = models.JSONField(default=list)
    signature = models.BinaryField()

    class Meta:
        ordering = ["project", "number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="prompt_groups_count_up"),
            models.UniqueConstraint(fields=["project", "key"], name="a_group_is_known_once"),
        ]

    def __str__(self) -> str:
        return f"{self.project}, group {self.number}"
