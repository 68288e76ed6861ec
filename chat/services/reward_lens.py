"""What a reward model thinks of an answer and its siblings, beside what the person said of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from chat.models import Column, Message, RewardLens, RewardScore
from chat.services import contests
from chat.services.context import ChatError
from chat.voting import earlier
from feedback.rules import texts
from feedback.rules.pairs import derive
from feedback.services import chat_votes
from training.models import ModelVersion
from training.services import rewards
from training.services.errors import RunsError
from training.services.runs.scoring import Answer


@dataclass(frozen=True)
class Scored:
    """One of the answers, by its number among its siblings."""

    number: int
    score: float
    is_shown: bool


@dataclass(frozen=True)
class Agreement:
    """`agrees` of `voted` pairs that the person has ordered are ordered alike by the scores.
    `tied`: they put none of the answers above another."""

    voted: int = 0
    agrees: int = 0
    tied: bool = False


@dataclass(frozen=True)
class Judged:
    """All siblings with their scores, the answer that is looked at among them."""

    judge: ModelVersion
    answers: tuple[Scored, ...]
    vote: Agreement

    @property
    def shown(self) -> Scored:
        return next(one for one in self.answers if one.is_shown)

    @property
    def others(self) -> list[Scored]:
        return [one for one in self.answers if not one.is_shown]

    @property
    def rival(self) -> Scored | None:
        """The best of the others."""
        return max(self.others, key=lambda one: one.score, default=None)

    @property
    def margin(self) -> float:
        """By how much this one is ahead of the best other; below 0 where it is behind."""
        return self.shown.score - self.rival.score if self.rival else 0.0

    @property
    def lead(self) -> float:
        return abs(self.margin)


def judge_of(user: User) -> ModelVersion | None:
    """The reward model that the person has chosen, None where the lens is off."""
    lens = RewardLens.objects.filter(owner=user).select_related("reward_model__base").first()
    return lens.reward_model if lens else None


@transaction.atomic
def choose(*, user: User, name: str) -> None:
    """Remember a reward model for the person; nothing switches the lens off."""
    if not name:
        RewardLens.objects.filter(owner=user).delete()
        return
    known = {version.name: version for version in rewards.to_choose_from()}
    if name not in known:
        raise ChatError("This reward model is not there any more. Choose another one.")
    RewardLens.objects.update_or_create(owner=user, defaults={"reward_model": known[name]})


def judged(*, answer: Message, judge: ModelVersion) -> Judged:
    """Scores of the answer and those it stands beside. ChatError where there are none to be had."""
    found = beside(answer)
    scores = scores_of(found, judge)
    told = tuple(
        Scored(number, scores[one.pk], one.pk == answer.pk) for number, one in enumerate(found, 1)
    )
    return Judged(judge, told, agreement(answer, scores))


def beside(answer: Message) -> list[Message]:
    """The finished answers to the same turn, or of the same comparison, in their order."""
    contest = contest_of(answer)
    if contest is not None and answer in contest.answers:
        return contest.answers
    return [answer]


def contest_of(answer: Message) -> contests.Contest | None:
    column = Column.objects.filter(conversation=answer.conversation_id).first()
    return contests.of_columns(column.comparison) if column else contests.siblings_of(answer)


def scores_of(answers: Sequence[Message], judge: ModelVersion) -> dict[int, float]:
    """By message. What was scored before and says the same is not scored again."""
    hashes = {answer.pk: texts.sha256(answer.text) for answer in answers}
    rows = RewardScore.objects.filter(message__in=answers, reward_model=judge)
    known = {row.message_id: row.score for row in rows if row.text_hash == hashes[row.message_id]}
    missing = [answer for answer in answers if answer.pk not in known]
    if missing:
        fresh = asked(missing, judge)
        store(judge, hashes, fresh)
        known |= fresh
    return known


def asked(answers: Sequence[Message], judge: ModelVersion) -> dict[int, float]:
    made = contests.newest_made(answers)
    given: list[Answer] = [(contests.sent(made[a.pk]), a.text) for a in answers if a.pk in made]
    keys = [answer.pk for answer in answers if answer.pk in made]
    if len(keys) < len(answers):
        raise ChatError("Only answers that a model wrote here are scored.")
    try:
        return dict(zip(keys, rewards.scores(judge, given), strict=True))
    except RunsError as error:
        raise ChatError(str(error)) from error


def store(judge: ModelVersion, hashes: dict[int, str], found: dict[int, float]) -> None:
    for message, score in found.items():
        RewardScore.objects.update_or_create(
            message_id=message,
            reward_model=judge,
            defaults={"score": score, "text_hash": hashes[message]},
        )


def agreement(answer: Message, scores: dict[int, float]) -> Agreement:
    """How many of the pairs that the person's vote means are ordered alike by the scores."""
    contest = contest_of(answer)
    if contest is None or not chat_votes.are_on():
        return Agreement()
    standing = earlier(answer.conversation.owner, contest)
    if standing is None or not standing.is_about(contest.texts):
        return Agreement()
    keys = [one.pk for one in contest.answers]
    pairs = derive(standing.annotation.ranking).pairs
    alike = sum(scores[keys[p.chosen]] > scores[keys[p.rejected]] for p in pairs)
    return Agreement(len(pairs), alike, tied=not pairs)
