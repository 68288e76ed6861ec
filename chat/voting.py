"""What a page says about votes: which answers may be voted on, and what the person has said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from chat.models import Comparison, Generation, Message
from chat.services import contests
from chat.services.contests import Contest
from feedback.services import chat_votes
from feedback.services.chat_votes import Standing

UP, DOWN = "up", "down"
BEST, OTHER, SAME, BAD, RANKED = "best", "other", "same", "bad", "ranked"


@dataclass(frozen=True)
class Verdict:
    """What was said of answers that were compared. `kind` is one of BEST … RANKED or nothing;
    `winner` is the message that BEST is about."""

    contest: Contest
    kind: str = ""
    winner: int | None = None

    @property
    def size(self) -> int:
        return len(self.contest.answers)


@dataclass(frozen=True)
class Untold:
    """What was pressed before the person was told what a vote shares, to be sent again: where to,
    with which values, and where `back` leads."""

    url: str
    values: dict[str, str]
    back: str


@dataclass(frozen=True)
class Votes:
    """For one answer: its thumb with what was said beside it, and how it did among its siblings."""

    thumb: str = ""
    flags: list[str] = field(default_factory=list)
    comment: str = ""
    verdict: Verdict | None = None


def votes_on_branch(
    user: User,
    path: Sequence[Message],
    siblings: Mapping[int | None, Sequence[Message]],
    made: Mapping[int, Generation],
) -> dict[int, Votes]:
    """By message, for the answers of a branch that may be voted on."""
    answers = [m for m in path if contests.may_be_voted_on(m, made.get(m.pk))]
    if not answers or not chat_votes.are_on():
        return {}
    fields = {a.pk: contests.among(siblings[a.parent_id], made) for a in answers}
    about = {a.pk for a in answers}
    about |= {a.pk for contest in fields.values() if contest for a in contest.answers}
    said = by_name(chat_votes.standing(user=user, messages=about))
    return {a.pk: votes_on(a, fields[a.pk], said) for a in answers}


def by_name(found: Sequence[Standing]) -> dict[str, Standing]:
    return {standing.name: standing for standing in found}


def votes_on(answer: Message, contest: Contest | None, said: Mapping[str, Standing]) -> Votes:
    verdict = verdict_on(contest, said) if contest and answer in contest.answers else None
    standing = said.get(contests.alone(answer).name)
    if standing is None or not standing.is_about([answer.text]):
        return Votes(verdict=verdict)
    vote = standing.annotation
    return Votes(
        DOWN if vote.all_bad else UP, vote.flags.get("0", []), vote.comment, verdict=verdict
    )


def verdict_on(contest: Contest, said: Mapping[str, Standing]) -> Verdict:
    standing = said.get(contest.name)
    if standing is None or not standing.is_about(contest.texts):
        return Verdict(contest)
    vote = standing.annotation
    keys = [answer.pk for answer in contest.answers]
    if vote.all_bad:
        return Verdict(contest, BAD)
    if [len(tier) for tier in vote.tiers] == [len(keys)]:
        return Verdict(contest, SAME)
    if vote.best_only or (len(keys) == 2 and len(vote.tiers) == 2):
        return Verdict(contest, BEST, keys[vote.tiers[0][0]])
    return Verdict(contest, RANKED)


def of_columns(comparison: Comparison) -> dict[str, Any]:
    """What chat/votes/of_columns.html needs: no verdict where there is nothing to compare now,
    `apart` where the columns have come to answer different things."""
    if comparison.asked_at is None or not chat_votes.are_on():
        return {"verdict": None, "apart": False}
    contest = contests.of_columns(comparison)
    return {
        "verdict": latest(comparison.owner, contest) if contest else None,
        "apart": contest is None and contests.went_apart(comparison),
    }


def latest(user: User, contest: Contest) -> Verdict:
    keys = [answer.pk for answer in contest.answers]
    return verdict_on(contest, by_name(chat_votes.standing(user=user, messages=keys)))


def earlier(user: User, contest: Contest) -> Standing | None:
    """What was said last at this place, maybe of fewer answers: to begin a ranking with."""
    keys = [answer.pk for answer in contest.answers]
    return by_name(chat_votes.standing(user=user, messages=keys)).get(contest.name)
