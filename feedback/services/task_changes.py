"""What a manager changes about a task: whether and when it is asked, of how many, and gold."""

from collections.abc import Mapping

from django.db.models import Exists, OuterRef
from django.utils import timezone

from feedback.models import Assignment, RankingTask
from feedback.services.errors import FeedbackError
from feedback.services.overlap import at_least_held

CLAIMED = (
    "Somebody has taken this task already, and a task that was taken never changes. "
    "Choose one that nobody has begun."
)
PRIORITIES = (-100, 100)
MOST_PEOPLE = 20


def withdraw(*, task: RankingTask) -> None:
    """Nobody is asked any more, and its rankings leave the pairs; nothing is deleted."""
    RankingTask.objects.open().filter(pk=task.pk).update(withdrawn_at=timezone.now())


def bring_back(*, task: RankingTask) -> None:
    RankingTask.objects.filter(pk=task.pk).update(withdrawn_at=None)


def change(*, task: RankingTask, priority: int, overlap: int) -> RankingTask:
    """When and how often it is asked. An overlap below what people hold is raised to that."""
    low, high = PRIORITIES
    if not low <= priority <= high:
        raise FeedbackError(f"Give a priority from {low} to {high}.")
    if not 0 <= overlap <= MOST_PEOPLE:
        raise FeedbackError(f"Give an overlap from 0 (ask nobody) to {MOST_PEOPLE}.")
    mine = RankingTask.objects.filter(pk=task.pk)
    mine.update(priority=priority, overlap=at_least_held(overlap))
    return mine.get()


def make_gold(*, task: RankingTask, tier_of: Mapping[int, int]) -> None:
    """Expect these tiers (1 is the best) of everybody; the task never becomes training data."""
    candidates = task.current_set.candidates
    if set(tier_of) != set(candidates):
        raise FeedbackError("Give every answer a place.")
    if len(set(tier_of.values())) < 2:
        raise FeedbackError("A gold task needs an answer that is better than another one.")
    places = sorted(set(tier_of.values()))
    tiers = [[pk for pk in candidates if tier_of[pk] == place] for place in places]
    _set_gold(task, {"tiers": tiers})


def unmake_gold(*, task: RankingTask) -> None:
    """An ordinary task again."""
    _set_gold(task, None)


def _set_gold(task: RankingTask, gold: dict[str, list[list[int]]] | None) -> None:
    taken = Assignment.objects.filter(task=OuterRef("pk"))
    free = RankingTask.objects.filter(pk=task.pk).exclude(Exists(taken))
    if not free.update(gold=gold):
        raise FeedbackError(CLAIMED)
