"""Votes on answers: what a person pressed becomes a ranking, which `feedback` keeps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from accounts.models import User
from chat.models import Message
from chat.services import contests
from chat.services.contests import Contest
from chat.services.context import ChatError
from feedback.models import Annotation
from feedback.rules.pairs import Ranking
from feedback.services import chat_votes
from feedback.services.chat_votes import Vote
from feedback.services.errors import FeedbackError

FLAGS = Annotation.Flag
NOT_NOW = "There is nothing to compare here just now. Reload the page."


@dataclass(frozen=True)
class Voter:
    """Who votes. `key` names one press of a button; `agreed`: they were told what a vote shares."""

    user: User
    key: str
    agreed: bool = False


class UntoldError(Exception):
    """The person has not been told yet what a vote shares; nothing was stored."""


@dataclass(frozen=True)
class Placed:
    """A ranking as a form gives it: by answer, its place from 1 (0: not ranked), what is
    unacceptable, the flags, and a comment."""

    places: Sequence[int]
    unacceptable: Collection[int] = ()
    all_bad: bool = False
    flags: Mapping[int, list[str]] = field(default_factory=dict)
    comment: str = ""


def thumb(
    *, voter: Voter, answer: Message, up: bool, flags: Sequence[str] = (), comment: str = ""
) -> None:
    """One answer is good or bad; a set of one."""
    made = contests.newest_made([answer]).get(answer.pk)
    if not contests.may_be_voted_on(answer, made):
        raise ChatError("Only a finished answer can be voted on.")
    ranking = Ranking(1, ((0,),)) if up else all_bad(1)
    cast(voter, contests.alone(answer), Vote(ranking, {0: list(flags)}, comment))


def best(*, voter: Voter, contest: Contest | None, winner: int) -> None:
    """The message `winner` is the best; nothing is said of the others among themselves."""
    found = required(contest)
    keys = [answer.pk for answer in found.answers]
    if winner not in keys:
        raise ChatError(NOT_NOW)
    place = keys.index(winner)
    rest = tuple(other for other in range(len(keys)) if other != place)
    ranking = Ranking(len(keys), ((place,), rest), best_only=len(rest) > 1)
    cast(voter, found, Vote(ranking))


def alike(*, voter: Voter, contest: Contest | None, bad: bool) -> None:
    """All about the same, or all bad."""
    found = required(contest)
    size = len(found.answers)
    ranking = all_bad(size) if bad else Ranking(size, (tuple(range(size)),))
    cast(voter, found, Vote(ranking))


def rank(*, voter: Voter, contest: Contest | None, placed: Placed) -> None:
    found = required(contest)
    if len(placed.places) != len(found.answers):
        raise ChatError("There are other answers now. Rank them again.")
    cast(voter, found, Vote(ranking_of(placed), dict(placed.flags), placed.comment))


def ranking_of(placed: Placed) -> Ranking:
    size = len(placed.places)
    if placed.all_bad:
        return all_bad(size)
    tiers = sorted({place for place in placed.places if place})
    if not tiers and not placed.unacceptable:
        raise ChatError("Give at least one answer a place, or say that all are bad.")
    return Ranking(
        size,
        tuple(tuple(i for i in range(size) if placed.places[i] == tier) for tier in tiers),
        tuple(i for i in range(size) if not placed.places[i]),
        frozenset(placed.unacceptable),
    )


def all_bad(size: int) -> Ranking:
    every = range(size)
    return Ranking(size, (tuple(every),), unacceptable=frozenset(every), all_bad=True)


def required(contest: Contest | None) -> Contest:
    if contest is None:
        raise ChatError(NOT_NOW)
    return contest


def cast(voter: Voter, contest: Contest, vote: Vote) -> None:
    if not voter.agreed and not chat_votes.has_voted(voter.user):
        raise UntoldError
    try:
        chat_votes.cast(
            user=voter.user,
            asked=contests.asked(contest),
            answers=contests.as_answers(contest),
            vote=vote,
            key=voter.key,
        )
    except FeedbackError as error:
        raise ChatError(str(error)) from error


def take_back(*, user: User, name: str) -> None:
    """Take back the vote at one place: `Contest.name`."""
    chat_votes.take_back(user=user, name=name)
