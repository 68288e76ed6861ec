"""Where an import is written until it is whole: a project that nobody sees.

New tasks go there in short transactions, so that people can go on ranking meanwhile and the work
can be watched and stopped at any moment. Then one transaction moves all of it at once.
"""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from feedback.models import (
    Annotation,
    CandidateSet,
    Import,
    ImportJob,
    Labeler,
    Project,
    RankingTask,
)

FORGOTTEN = timedelta(hours=6)


def staging_for(project: Project) -> Project:
    slug = f"importing-{uuid.uuid4()}"
    now = timezone.now()
    return Project.objects.create(name=slug, slug=slug, staged_for=project, archived_at=now)


def move(staging: Project, project: Project, done: Import) -> None:
    """All of it into the project; inside a transaction of the caller's."""
    RankingTask.objects.filter(project=staging).update(project=project, imported_in=done)
    known = {
        labeler.name: labeler
        for labeler in project.labelers.filter(kind=Labeler.Kind.IMPORTED, user=None)
    }
    for labeler in staging.labelers.all():
        if labeler.name in known:
            labeler.annotations.update(labeler=known[labeler.name])
        else:
            Labeler.objects.filter(pk=labeler.pk).update(project=project)


@transaction.atomic
def clear(staging: Project) -> None:
    """What is left of it, in the order that protected references ask for."""
    tasks = RankingTask.objects.filter(project=staging)
    Annotation.objects.filter(task__in=tasks).delete()
    CandidateSet.objects.filter(task__in=tasks).delete()
    tasks.delete()
    staging.labelers.all().delete()
    Project.objects.filter(pk=staging.pk).delete()


def sweep() -> None:
    """Remove what dead work left: nobody writes there any more."""
    live = ImportJob.objects.live().exclude(staging=None).values("staging")
    before = timezone.now() - FORGOTTEN
    forgotten = Project.objects.exclude(staged_for=None).filter(created_at__lt=before)
    for staging in forgotten.exclude(pk__in=live):
        clear(staging)
