"""Where dataset versions that were frozen from rankings come from, in a sentence for lists."""

from collections.abc import Sequence

from django.urls import reverse

from accounts.models import User
from feedback.models import Project
from training.dataset_panels import Origin
from training.models import DatasetVersion


def origins(versions: Sequence[DatasetVersion], user: User) -> dict[int, Origin]:
    """By version id; with an address for those who manage the project."""
    made = {v.pk: v.source["project"] for v in versions if "project" in v.source}
    projects = Project.objects.in_bulk(set(made.values()))
    managed = set(
        Project.objects.managed_by(user).filter(pk__in=projects).values_list("pk", flat=True)
    )
    return {pk: origin(projects.get(key), key in managed) for pk, key in made.items()}


def origin(project: Project | None, managed: bool) -> Origin:
    if project is None:
        return Origin("Rankings of a project that was removed")
    url = reverse("feedback:project", args=[project.slug]) if managed else ""
    return Origin(f"Rankings in {project}", url)
