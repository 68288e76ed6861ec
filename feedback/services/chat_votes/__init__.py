"""Votes that people give on answers in the chat: annotations in the site-wide project for them.

This room knows none of the chat's tables. An answer comes as its text with where it came from,
above all the key of its message, and what it answers as a name and the exact prompt. A person's
newest vote under one name is the one that counts.
"""

from feedback.services.chat_votes.casting import Asked, Vote, cast
from feedback.services.chat_votes.closing import close, erase, open_again, take_back, take_back_all
from feedback.services.chat_votes.project import are_on, has_voted, project
from feedback.services.chat_votes.standing import Standing, standing

__all__ = [
    "Asked",
    "Standing",
    "Vote",
    "are_on",
    "cast",
    "close",
    "erase",
    "has_voted",
    "open_again",
    "project",
    "standing",
    "take_back",
    "take_back_all",
]
