"""Evaluations in Django's admin: to look things up."""

from accounts.looking_up import JOB, look_up
from evaluation.models import EvaluationRun, Ranking, Score, System

look_up(
    System,
    "name owner shared created_at",
    filters="shared created_at",
    search="name owner__username",
    related="owner",
)
look_up(
    EvaluationRun,
    f"name matter subject owner shared {JOB}",
    filters="state shared created_at",
    search="id name matter remote owner__username",
    related="owner",
)
look_up(
    Score,
    "run task measure value low high n main",
    filters="main level",
    search="run__name task measure",
    related="run",
)
look_up(Ranking, "key column created_at", filters="created_at", search="key column")
