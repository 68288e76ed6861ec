"""Reports and versions: asked for by people, worked out here at once where that is quick."""

from accounts.models import User
from feedback.models import Freezing, Project
from feedback.services.freezing import asking, working
from feedback.services.snapshots import Recipe

QUICK_TASKS = 200


def prepare(*, project: Project, name: str, recipe: Recipe, by: User | None) -> Freezing:
    return begun(asking.prepare(project=project, name=name, recipe=recipe, by=by))


def freeze(*, report: Freezing, by: User | None) -> Freezing:
    return begun(asking.freeze(report=report, by=by))


def begun(freezing: Freezing) -> Freezing:
    """A worker takes it; a small project's is done before the next page is shown."""
    if freezing.project.tasks.count() > QUICK_TASKS:
        asking.enqueue(freezing)
    else:
        working.run(freezing_id=str(freezing.pk), attempt=freezing.attempt)
        freezing.refresh_from_db()
    return freezing
