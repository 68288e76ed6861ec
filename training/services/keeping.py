"""What people say about a version, and putting it away without taking it away."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.recording import Verb
from training.models import ModelVersion
from training.services import promoting, recorded
from training.services.errors import ModelsError
from training.signals import models_changed

LONGEST_NOTES = 20_000
LONGEST_TAG = 40
MOST_TAGS = 20


def change(*, version: ModelVersion, licence: str, notes: str, tags: Iterable[str]) -> None:
    """Store its licence, notes and tags. ModelsError for tags that are too long or too many."""
    wanted = list(dict.fromkeys(tag.strip().lower() for tag in tags if tag.strip()))
    if len(wanted) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in wanted):
        raise ModelsError(f"At most {MOST_TAGS} tags, each of at most {LONGEST_TAG} characters.")
    mine = ModelVersion.objects.known().filter(pk=version.pk)
    mine.update(licence=licence.strip()[:200], notes=notes[:LONGEST_NOTES], tags=wanted)


@transaction.atomic
def archive(*, version: ModelVersion) -> None:
    """Offer it for nothing new; whoever uses it goes on. ModelsError for the promoted one."""
    promoting.require_not_promoted(version, "archived")
    ModelVersion.objects.filter(pk=version.pk).update(archived_at=timezone.now())
    recorded.of_model(Verb.ARCHIVED, version)
    transaction.on_commit(lambda: models_changed.send(ModelVersion))


@transaction.atomic
def unarchive(*, version: ModelVersion) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(archived_at=None)
    recorded.of_model(Verb.UNARCHIVED, version)
    transaction.on_commit(lambda: models_changed.send(ModelVersion))
