"""What this room says on the page of a dataset version that was frozen from rankings."""

from accounts.models import User
from feedback.services.voiding import voided_since
from training.dataset_panels import Panel
from training.models import DatasetVersion


def voided(version: DatasetVersion, user: User) -> Panel | None:
    """A version never changes, so rankings that were voided since are still in it."""
    count = voided_since(version.source)
    if not count:
        return None
    return Panel(template="feedback/voided_since.html", context={"count": count})
