"""Ranks that models share in one column, kept because they take longer than a page may."""

from django.db import models


class Ranking(models.Model):
    """`key` names the scores that were ranked together, so that other scores are another row;
    `ranks` is the rank by score. Scores are never changed, only replaced."""

    key = models.CharField(max_length=64, unique=True)
    column = models.CharField(max_length=64)
    ranks = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["column"], name="ranking_columns")]

    def __str__(self) -> str:
        return f"ranks of {len(self.ranks)} scores"
