"""Storing a vote: the task it belongs to, the answers it is about, and its revision."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from accounts.models import User
from feedback.models import (
    Annotation,
    Candidate,
    CandidateSet,
    CandidateSource,
    Labeler,
    Project,
    RankingTask,
)
from feedback.rules import texts
from feedback.rules.pairs import Ranking, RankingError
from feedback.services.chat_votes.closing import withdraw_votes
from feedback.services.chat_votes.project import are_on, project
from feedback.services.chat_votes.standing import votes_on
from feedback.services.errors import FeedbackError
from feedback.services.labeling import labeler_of
from feedback.services.tasks import NewAnswer, add_task, set_of

TRIES = 5
LONGEST_COMMENT = 2000


@dataclass(frozen=True)
class Asked:
    """What answers are voted on for: a place in the chat, and the messages that led there."""

    name: str
    messages: list[dict[str, str]]

    @property
    def task_name(self) -> str:
        """The same place with another prompt (a new system message) is another task."""
        return f"{self.name}/{texts.prompt_hash(self.messages)[:16]}"


@dataclass(frozen=True)
class Vote:
    """A ranking of the answers in the order they are given, and what else was said about them."""

    ranking: Ranking
    flags: dict[int, list[str]] = field(default_factory=dict)
    comment: str = ""


def cast(
    *, user: User, asked: Asked, answers: Sequence[NewAnswer], vote: Vote, key: str
) -> Annotation:
    """Store a vote as the person's next revision; the same key again changes nothing.

    FeedbackError for a ranking that breaks a rule, and where votes are switched off.
    """
    if not are_on():
        raise FeedbackError("Votes on answers are switched off here.")
    check(answers, vote)
    labeler = labeler_of(project=project(), user=user)
    own_key = f"chat:{labeler.pk}:{key}"[:200]
    for _ in range(TRIES):
        if (known := Annotation.objects.filter(key=own_key).first()) is not None:
            return known
        try:
            with transaction.atomic():
                return stored(labeler, asked, answers, vote, own_key)
        except IntegrityError:
            continue
    raise FeedbackError("Other votes came at the same time. Vote again.")


def check(answers: Sequence[NewAnswer], vote: Vote) -> None:
    if vote.ranking.size != len({answer.text for answer in answers}):
        raise FeedbackError("These answers have changed. Reload the page.")
    if len(vote.comment) > LONGEST_COMMENT:
        raise FeedbackError(f"The comment is longer than {LONGEST_COMMENT:,} characters.")
    try:
        vote.ranking.checked()
    except RankingError as error:
        raise FeedbackError(str(error)) from error


def stored(
    labeler: Labeler, asked: Asked, answers: Sequence[NewAnswer], vote: Vote, key: str
) -> Annotation:
    task = task_of(labeler.project, asked, answers)
    candidates = set_with(task, [candidate_with(task, answer) for answer in answers])
    elsewhere = RankingTask.objects.filter(
        project=labeler.project, external_id__startswith=f"{asked.name}/"
    )
    withdraw_votes(votes_on(elsewhere.exclude(pk=task.pk)).filter(labeler=labeler))
    reopen(task)
    ranking = vote.ranking
    return Annotation.objects.create(
        key=key,
        task=task,
        labeler=labeler,
        candidate_set=candidates,
        guidelines=task.guidelines,
        revision=next_revision(task, labeler),
        source=Annotation.Source.CHAT,
        tiers=[list(tier) for tier in ranking.tiers],
        unranked=list(ranking.unranked),
        unacceptable=sorted(ranking.unacceptable),
        all_bad=ranking.all_bad,
        best_only=ranking.best_only,
        flags={str(place): names for place, names in vote.flags.items() if names},
        comment=vote.comment,
    )


def task_of(project: Project, asked: Asked, answers: Sequence[NewAnswer]) -> RankingTask:
    mine = RankingTask.objects.filter(
        project=project, source=RankingTask.Source.CHAT, external_id=asked.task_name
    )
    return mine.first() or add_task(
        project=project,
        source=RankingTask.Source.CHAT,
        external_id=asked.task_name,
        messages=asked.messages,
        answers=answers,
        overlap=0,
    )


def candidate_with(task: RankingTask, answer: NewAnswer) -> Candidate:
    """The candidate with this text, with this message among its sources."""
    candidate, _ = Candidate.objects.get_or_create(
        task=task, text_hash=texts.sha256(answer.text), defaults={"text": answer.text}
    )
    message = answer.source.get("message")
    if not candidate.sources.filter(message=message).exists():
        CandidateSource.objects.create(candidate=candidate, **answer.source)
    return candidate


def set_with(task: RankingTask, candidates: Sequence[Candidate]) -> CandidateSet:
    """The newest set where it holds exactly these, else its next version."""
    newest = task.current_set
    same = newest.candidates == list(dict.fromkeys(candidate.pk for candidate in candidates))
    return newest if same else set_of(task, candidates)


def next_revision(task: RankingTask, labeler: Labeler) -> int:
    before = Annotation.objects.filter(task=task, labeler=labeler).order_by("-revision")
    return (before.values_list("revision", flat=True).first() or 0) + 1


def reopen(task: RankingTask) -> None:
    """A task that was closed with its last vote opens again; a manager's withdrawal stays."""
    if not votes_on(RankingTask.objects.filter(pk=task.pk)).exists():
        RankingTask.objects.filter(pk=task.pk).update(withdrawn_at=None)
