"""Making projects, changing and finding them."""

import secrets
from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from accounts.recording import Kind, Verb, record
from feedback.models import Project
from feedback.services import guidelines as wordings
from feedback.services.errors import FeedbackError
from feedback.services.overlap import Reach, set_overlap
from llmkit.registry import near_names

# What addresses of other pages begin with, and the project that chats fill by themselves.
TAKEN = {"new", "chat", "red-team", "exports"}


def named(name: str) -> Project:
    """The project with this name or slug, or FeedbackError with the nearest ones."""
    known = Project.objects.filter(archived_at=None)
    found = known.filter(slug=name).first() or known.filter(name=name).first()
    if found is None:
        near = near_names(name, known.values_list("slug", flat=True))
        raise FeedbackError(f"There is no project '{name}'. {near}")
    return found


def create(*, owner: User | None, name: str, guidelines: str = "", **choices: object) -> Project:
    """A project with its first guidelines. FeedbackError where the name is taken."""
    slug = slug_for(name, owner)
    try:
        with transaction.atomic():
            project = Project.objects.create(owner=owner, name=name, slug=slug, **choices)
            if guidelines.strip():
                wordings.write(project=project, text=guidelines, writer=owner)
            recorded(Verb.MADE, project, by=owner)
    except IntegrityError as error:
        raise FeedbackError(
            f"There is a project named '{name}' already, maybe an archived one."
        ) from error
    return project


def slug_for(name: str, owner: User | None) -> str:
    """The project's part of addresses; a name without Latin letters gets one by chance."""
    if not any(mark.isalnum() for mark in name):
        raise FeedbackError("Give the project a name with letters or digits.")
    slug = slugify(name) or f"project-{secrets.token_hex(3)}"
    return f"{slug}-project" if owner is not None and slug in TAKEN else slug


def named_or_new(name: str) -> Project:
    """The project, made for the site's owner where it does not exist yet: for the shell."""
    try:
        return named(name)
    except FeedbackError:
        owner = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        return create(owner=owner, name=name)


def recorded(verb: str, project: Project, **more: Any) -> None:
    record(verb=verb, kind=Kind.PROJECT, name=project.name, thing=project.pk, **more)


@transaction.atomic
def change(
    *, project: Project, people: Collection[User], for_old_tasks: bool, **choices: Any
) -> Reach:
    """Store the settings; says what the overlap's change did to the tasks there are.

    Its address stays, so that links to the project keep working.
    """
    stored = Project.objects.get(pk=project.pk)
    members = {person.username for person in stored.people.all()}
    for field, value in choices.items():
        setattr(project, field, value)
    project.save(update_fields=[*choices])
    project.people.set(people)
    changed = sorted(field for field in choices if choices[field] != getattr(stored, field))
    now = {person.username for person in people}
    told = {"settings": changed, "added": sorted(now - members), "taken_off": sorted(members - now)}
    if any(told.values()):
        recorded(Verb.CHANGED, project, **{key: said for key, said in told.items() if said})
    return set_overlap(project.tasks.open(), project.overlap) if for_old_tasks else Reach()


@transaction.atomic
def archive(*, project: Project) -> None:
    """Take the project off every page; nothing of it is lost."""
    Project.objects.filter(pk=project.pk).update(archived_at=timezone.now())
    recorded(Verb.ARCHIVED, project)


@transaction.atomic
def restore(*, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(archived_at=None)
    recorded(Verb.UNARCHIVED, project)
