"""How far a batch is, how fast, what is left; and what one would cost before it is started."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.utils import timezone

from feedback.models import Batch, BatchAnswer, BatchPrompt
from feedback.rules.spreading import shares
from feedback.services.batches.answers import Column
from training.models import Job

WINDOW = timedelta(seconds=60)
LATEST = 200
State = BatchPrompt.State


@dataclass(frozen=True)
class Progress:
    """Prompts by state, answers stored, and their speed over the last minute of work.

    `cut` answers ended at max new tokens or at the window, `extra` ones had to be asked for
    because all others were the same.
    """

    waiting: int
    made: int
    failed: int
    left_out: int
    answers: int
    extra: int
    cut: int
    tokens: int
    candidates: int
    per_second: float | None = None

    @property
    def prompts(self) -> int:
        return self.waiting + self.made + self.failed

    @property
    def wanted(self) -> int:
        """Answers when all is done; prompts that failed get no more."""
        return max(self.answers, self.candidates * self.prompts + self.extra)

    @property
    def to_come(self) -> int:
        """At most: some of the waiting prompts have a part of their answers."""
        return min(self.candidates * self.waiting, self.wanted - self.answers)

    @property
    def percent(self) -> int:
        """Answers, of those that are still to come together with those that are there."""
        if not self.waiting:
            return 100
        return min(99, 100 * self.answers // (self.answers + max(1, self.to_come)))

    @property
    def seconds_left(self) -> int | None:
        if not self.per_second or not self.waiting:
            return None
        return round(max(1, self.to_come) / self.per_second)


def progress_of(batch: Batch) -> Progress:
    by_state = dict(batch.prompts.order_by().values_list("state").annotate(count=Count("pk")))
    answers = BatchAnswer.objects.filter(prompt__batch=batch).aggregate(
        all=Count("pk"),
        extra=Count("pk", filter=Q(attempt__gt=0)),
        cut=Count("pk", filter=Q(finish_reason="length")),
        tokens=Sum("tokens"),
    )
    return Progress(
        waiting=by_state.get(State.WAITING, 0),
        made=by_state.get(State.MADE, 0),
        failed=by_state.get(State.FAILED, 0),
        left_out=by_state.get(State.LEFT_OUT, 0),
        answers=answers["all"],
        extra=answers["extra"],
        cut=answers["cut"],
        tokens=answers["tokens"] or 0,
        candidates=batch.candidates,
        per_second=speed_of(batch),
    )


def speed_of(batch: Batch) -> float | None:
    """Answers a second over the last minute, or since the worker took it up."""
    if batch.state != Job.State.RUNNING or batch.started_at is None:
        return None
    now = timezone.now()
    since = max(now - WINDOW, batch.started_at)
    stored = BatchAnswer.objects.filter(prompt__batch=batch, created_at__gt=since).count()
    seconds = (now - since).total_seconds()
    return stored / seconds if stored and seconds > 0 else None


@dataclass(frozen=True)
class Estimate:
    """What starting would cost. `seconds` is None where no speed of a model is known yet."""

    prompts: int
    answers: int
    most_tokens: int
    per_column: tuple[int, ...]
    seconds: int | None


def estimate(
    *, batch: Batch, columns: Sequence[Column], candidates: int, skip_known: bool
) -> Estimate:
    wanted = batch.prompts.filter(known=False) if skip_known else batch.prompts.all()
    rows = list(wanted.values_list("number", flat=True))
    dealt = shares(rows, candidates, len(columns))
    times = [seconds_for(column, count) for column, count in zip(columns, dealt, strict=True)]
    known = [time for time in times if time is not None]
    return Estimate(
        prompts=len(rows),
        answers=sum(dealt),
        most_tokens=sum(
            column.settings.max_tokens * count for column, count in zip(columns, dealt, strict=True)
        ),
        per_column=tuple(dealt),
        seconds=round(sum(known)) if len(known) == len(times) else None,
    )


@dataclass(frozen=True)
class Fact:
    """How long an answer took and was. `cut`: it ended at its limit."""

    ms: float
    tokens: int
    cut: bool


def seconds_for(column: Column, count: int) -> float | None:
    """By the latest answers of the same model in a batch, as many at once as it has places."""
    facts = latest_facts(column.model)
    if not facts:
        return None
    tokens = sum(fact.tokens for fact in facts)
    length = min(length_of(facts, column), column.settings.max_tokens)
    per_token = sum(fact.ms for fact in facts) / tokens / 1000
    return count * length * per_token / max(1, settings.ENGINE_MAX_RUNNING - 1)


def length_of(facts: Sequence[Fact], column: Column) -> float:
    """Tokens of a usual answer: where most were cut, it may be any length up to the limit."""
    whole = [fact.tokens for fact in facts if not fact.cut]
    if 2 * len(whole) < len(facts):
        return column.settings.max_tokens
    return sum(whole) / len(whole)


def latest_facts(model: str) -> list[Fact]:
    """The latest answers in the latest batch that asked the model."""
    for batch in Batch.objects.started()[:LATEST]:
        if model in batch.models:
            at = [column["model"] for column in batch.columns].index(model)
            answers = BatchAnswer.objects.filter(prompt__batch=batch, column=at, tokens__gt=0)
            timed = answers.filter(total_ms__gt=0).order_by("-pk")
            if found := timed.values_list("total_ms", "tokens", "finish_reason")[:LATEST]:
                return [Fact(ms or 0, tokens or 0, end == "length") for ms, tokens, end in found]
    return []


@dataclass(frozen=True)
class Counts:
    """Prompts of a batch by state, for a list."""

    made: int = 0
    failed: int = 0
    prompts: int = 0


def with_counts(batches: Iterable[Batch]) -> list[tuple[Batch, Counts]]:
    listed = list(batches)
    rows = BatchPrompt.objects.filter(batch__in=listed).wanted().order_by()
    counted = rows.values("batch").annotate(
        made=Count("pk", filter=Q(state=State.MADE)),
        failed=Count("pk", filter=Q(state=State.FAILED)),
        prompts=Count("pk"),
    )
    by_batch = {row["batch"]: Counts(row["made"], row["failed"], row["prompts"]) for row in counted}
    return [(batch, by_batch.get(batch.pk, Counts())) for batch in listed]
