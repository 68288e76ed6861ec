"""What a dataset version's page shows of the rankings behind it."""

from django.urls import reverse

from accounts.models import User
from feedback import exporting
from feedback.models import Project
from feedback.rules.splits import SPLITS
from feedback.services.snapshots.words import remarks
from training.dataset_panels import Panel
from training.models import Dataset, DatasetVersion


def panel(version: DatasetVersion, user: User) -> Panel | None:
    """Downloads for everybody in the room; the way back to the rankings for their managers."""
    key = version.source.get("project")
    if version.dataset.kind != Dataset.Kind.PREFERENCE or key is None:
        return None
    project = Project.objects.filter(pk=key).first()
    managed = Project.objects.managed_by(user).filter(pk=key).exists()
    context = {
        "project": project if managed else None,
        "remarks": remarks(version.report),
        "forms": forms_of(version),
        "splits": ("", *SPLITS),
    }
    url = reverse("feedback:pairs", args=[project.slug]) if project and managed else ""
    source = f"Rankings in {project}" if project else "Rankings of a project that was removed"
    return Panel("feedback/version_panel.html", context, source, url)


def forms_of(version: DatasetVersion) -> list[dict[str, object]]:
    """Each form with how many rows it has in all and in each split."""
    return [
        {
            "name": name,
            "says": form.says,
            "counts": [
                (split, exporting.count(version, name, split or None)) for split in ("", *SPLITS)
            ],
        }
        for name, form in exporting.FORMS.items()
    ]
