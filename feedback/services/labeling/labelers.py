"""Who ranks in a project, and which guidelines they have seen."""

from accounts.models import User
from feedback.models import Guidelines, Labeler, Project


def labeler_of(*, project: Project, user: User) -> Labeler:
    labeler, _ = Labeler.objects.get_or_create(
        project=project,
        user=user,
        defaults={"kind": Labeler.Kind.HUMAN, "name": user.get_username()},
    )
    return labeler


def saw_guidelines(*, labeler: Labeler, guidelines: Guidelines) -> None:
    """They opened this version; an older one, open in another tab, says nothing new."""
    seen = Labeler.objects.filter(pk=labeler.pk, guidelines_seen__lt=guidelines.number)
    seen.update(guidelines_seen=guidelines.number)
