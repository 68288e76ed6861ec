"""What votes have shared of conversations, and what becomes of it when those are deleted.

Deleting withdraws it, undoing brings it back, and what is purged is erased there too.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from accounts.models import User
from chat.models import Message
from feedback.services import chat_votes


def answers_in(conversations: Iterable[UUID]) -> set[int]:
    """Votes are about answers, so these find them all."""
    answers = Message.objects.filter(
        conversation__in=list(conversations), role=Message.Role.ASSISTANT
    )
    return set(answers.values_list("pk", flat=True))


def take_back(*, user: User, conversations: Iterable[UUID]) -> int:
    """All that the person said about them; returns how many votes."""
    return chat_votes.take_back_all(user=user, messages=answers_in(conversations))


def withdraw(conversations: Iterable[UUID]) -> int:
    return chat_votes.close(messages=answers_in(conversations))


def bring_back(conversations: Iterable[UUID], *, since: datetime | None) -> None:
    if since is not None:
        chat_votes.open_again(messages=answers_in(conversations), since=since)


def erase(conversations: Iterable[UUID]) -> None:
    chat_votes.erase(messages=answers_in(conversations))
