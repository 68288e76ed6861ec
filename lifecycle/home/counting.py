"""What one person has done in each stage, in a fixed number of queries.

An admin's numbers are the whole site's; everybody else's are of what they own, ranked or may see.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum

from accounts.access import ADMIN, is_in_group, may_enter
from accounts.models import User
from chat.models import Conversation, Generation
from evaluation.models import EvaluationRun
from feedback.models import Annotation, BatchAnswer, Labeler, Project, RankingTask
from lifecycle.models import Rehearsal
from training.models import (
    Dataset,
    DatasetVersion,
    Endpoint,
    Job,
    ModelVersion,
    Promotion,
    TrainingJob,
)

TUNING = ("sft",)
REWARD = "reward"
DONE = Job.State.DONE
LIVE = (Job.State.WAITING, Job.State.RUNNING)
TOOK = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())


@dataclass(frozen=True)
class Cost:
    """Seconds of the clock, and tokens read and written as far as they are counted."""

    seconds: float = 0.0
    tokens: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.seconds + other.seconds, self.tokens + other.tokens)


@dataclass(frozen=True)
class Runs:
    """Training runs of some methods, by how they stand."""

    done: int = 0
    live: int = 0
    failed: int = 0
    cost: Cost = field(default_factory=Cost)

    def __add__(self, other: "Runs") -> "Runs":
        return Runs(
            self.done + other.done,
            self.live + other.live,
            self.failed + other.failed,
            self.cost + other.cost,
        )


class Counted:
    """Each figure is read when it is asked for, once."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.everyone = is_in_group(user, ADMIN)
        self.chats = may_enter(user, "chat")
        self.feeds = may_enter(user, "feedback")
        self.trains = may_enter(user, "training")

    @cached_property
    def models(self) -> dict[str, int]:
        """Ready ones by kind, with those of servers elsewhere; and those that were made here."""
        usable = ModelVersion.objects.ready().in_use()
        elsewhere = sum(len(each.models) for each in Endpoint.objects.enabled())
        found = usable.aggregate(
            answering=Count("pk", filter=~Q(kind=ModelVersion.Kind.REWARD)),
            reward=Count("pk", filter=Q(kind=ModelVersion.Kind.REWARD)),
            made=Count("pk", filter=Q(source=ModelVersion.Source.RUN)),
        )
        return {**found, "answering": found["answering"] + elsewhere}

    @cached_property
    def conversations(self) -> int:
        return Conversation.objects.owned_by(self.user).listed().count()

    @cached_property
    def answers(self) -> dict[str, Any]:
        """One's own alone: nobody's conversations are counted for others."""
        mine = Generation.objects.filter(message__conversation__owner=self.user)
        return mine.aggregate(
            count=Count("pk"),
            read=Sum("prompt_tokens"),
            written=Sum("completion_tokens"),
            ms=Sum("total_ms"),
        )

    @property
    def chatting(self) -> Cost:
        found = self.answers
        tokens = (found["read"] or 0) + (found["written"] or 0)
        return Cost((found["ms"] or 0) / 1000, tokens)

    @cached_property
    def datasets(self) -> dict[str, int]:
        """How many there are to learn from, by kind."""
        seen = Dataset.objects.seen_by(self.user).in_use().order_by()
        return dict(seen.values_list("kind").annotate(Count("pk")))

    @cached_property
    def runs(self) -> dict[str, Runs]:
        """By method."""
        mine = TrainingJob.objects.of(self.user, everyone=self.everyone).order_by()
        rows = mine.values("method", "state").annotate(
            n=Count("pk"), took=Sum(TOOK), spent=Sum("tokens")
        )
        found: dict[str, Runs] = {}
        for row in rows:
            found[row["method"]] = found.get(row["method"], Runs()) + runs_of(row)
        return found

    @property
    def tuning(self) -> Runs:
        return sum((self.runs.get(method, Runs()) for method in TUNING), Runs())

    @property
    def aligning(self) -> Runs:
        """Of policies: what is neither instruction tuning nor a reward model."""
        others = (one for method, one in self.runs.items() if method not in (*TUNING, REWARD))
        return sum(others, Runs())

    @property
    def rewards(self) -> Runs:
        return self.runs.get(REWARD, Runs())

    @cached_property
    def ranked(self) -> dict[str, int]:
        """Tasks that were ranked: by oneself, and by whom in the projects one manages."""
        managed = Project.objects.managed_by(self.user)
        own = Q(labeler__user=self.user)
        first = Annotation.objects.filter(revision=1, repeat=False, voided_at=None)
        return first.filter(own | Q(task__project__in=managed)).aggregate(
            mine=Count("pk", filter=own),
            people=Count("pk", filter=Q(labeler__kind__in=Labeler.PEOPLE)),
            machines=Count("pk", filter=Q(labeler__kind__in=Labeler.MACHINES)),
        )

    @cached_property
    def tasks(self) -> int:
        managed = Project.objects.managed_by(self.user)
        return RankingTask.objects.open().filter(project__in=managed).count()

    @cached_property
    def generating(self) -> Cost:
        """Answers written to be ranked; together they took less time than their sum."""
        managed = Project.objects.managed_by(self.user)
        found = BatchAnswer.objects.filter(prompt__batch__project__in=managed).aggregate(
            tokens=Sum("tokens")
        )
        return Cost(0.0, found["tokens"] or 0)

    @cached_property
    def frozen(self) -> int:
        seen = Dataset.objects.seen_by(self.user).filter(kind=Dataset.Kind.PREFERENCE)
        return DatasetVersion.objects.filter(dataset__in=seen).count()

    @cached_property
    def evaluations(self) -> dict[str, Any]:
        seen = EvaluationRun.objects.seen_by(self.user).order_by()
        return seen.aggregate(
            done=Count("pk", filter=Q(state=DONE)),
            live=Count("pk", filter=Q(state__in=LIVE)),
            failed=Count("pk", filter=Q(state=Job.State.FAILED)),
            models=Count("subject", filter=Q(state=DONE), distinct=True),
            made=Count("pk", filter=Q(state=DONE, model__source=ModelVersion.Source.RUN)),
            seconds=Sum("seconds"),
            read=Sum("prompt_tokens"),
            written=Sum("completion_tokens"),
        )

    @property
    def measuring(self) -> Cost:
        found = self.evaluations
        return Cost(found["seconds"] or 0, (found["read"] or 0) + (found["written"] or 0))

    @cached_property
    def promoted(self) -> Promotion | None:
        return Promotion.objects.current()

    @cached_property
    def rehearsals(self) -> list[Rehearsal]:
        """The newest ones."""
        return list(Rehearsal.objects.seen_by(self.user).with_names()[:3])


def runs_of(row: dict[str, Any]) -> Runs:
    count, took = row["n"], row["took"] or timedelta()
    return Runs(
        done=count if row["state"] == DONE else 0,
        live=count if row["state"] in LIVE else 0,
        failed=count if row["state"] == Job.State.FAILED else 0,
        cost=Cost(took.total_seconds(), row["spent"] or 0),
    )
