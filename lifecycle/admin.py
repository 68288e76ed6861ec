"""Rehearsals in Django's admin: to look things up."""

from accounts.looking_up import JOB, look_up
from lifecycle.models import Made, Rehearsal, RehearsalStage

look_up(
    Rehearsal,
    f"number size model owner {JOB}",
    filters="state size created_at",
    search="=number model__name owner__username",
    related="model owner",
)
look_up(
    RehearsalStage,
    "rehearsal name started_at ended_at",
    filters="name",
    search="=rehearsal__number name",
    related="rehearsal",
)
look_up(
    Made, "stage role kind key created_at", filters="kind", search="key", related="stage__rehearsal"
)
