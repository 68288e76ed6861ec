"""The project of all votes, and whether votes are taken."""

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import User
from feedback.models import Labeler, Project
from feedback.models.project import CHAT_SLUG


def are_on() -> bool:
    """Whether votes are taken: not switched off, and their project not archived."""
    closed = site_wide().filter(archived_at__isnull=False)
    return bool(settings.CHAT_VOTES) and not closed.exists()


def site_wide() -> "QuerySet[Project]":
    return Project.objects.filter(slug=CHAT_SLUG, owner=None)


def project() -> Project:
    """The project of all votes, made on first use; trainers and administrators manage it."""
    made, _ = Project.objects.get_or_create(
        slug=CHAT_SLUG,
        owner=None,
        defaults={
            "name": "Votes in the chat",
            "open_to_all": False,
            "questions": [Project.Question.FLAGS, Project.Question.COMMENT],
        },
    )
    return made


def has_voted(user: User) -> bool:
    """Whether the person has been told before what a vote shares."""
    return Labeler.objects.filter(user=user, project__in=site_wide()).exists()
