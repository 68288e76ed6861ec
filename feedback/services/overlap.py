"""How many people are asked for a task: raised at will, lowered no further than people have gone.

Slots are numbers below the overlap, so a task keeps room for the highest slot that is held;
otherwise a free lower slot would be given out beside it and the task would be ranked too often.
"""

from dataclasses import dataclass

from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from feedback.models import Assignment
from feedback.models.task import RankingTaskQuerySet


@dataclass(frozen=True)
class Reach:
    """Tasks that now wait for the wanted number, and those that keep more as people hold them."""

    changed: int = 0
    kept: int = 0


def set_overlap(tasks: RankingTaskQuerySet, overlap: int) -> Reach:
    """Ask this many people for each of the tasks that people are asked for at all.

    No ranking is dropped. Tasks with an overlap of 0 were ranked elsewhere, and gold tasks go to
    everybody: both stay as they are.
    """
    asked = tasks.filter(gold__isnull=True, overlap__gt=0).exclude(overlap=overlap)
    before = asked.count()
    asked.update(overlap=at_least_held(overlap))
    kept = tasks.filter(gold__isnull=True, overlap__gt=overlap).count()
    return Reach(changed=before - kept, kept=kept)


def at_least_held(overlap: int) -> Greatest:
    of_task = Assignment.objects.holding().filter(task=OuterRef("pk")).order_by("-slot")
    room = Subquery(of_task.annotate(room=F("slot") + 1).values("room")[:1])
    return Greatest(Value(overlap), Coalesce(room, Value(0)))


def ask_again(tasks: RankingTaskQuerySet, overlap: int) -> int:
    """Ask this many people for tasks that were ranked elsewhere; says for how many."""
    return tasks.filter(gold__isnull=True).update(overlap=at_least_held(overlap))
