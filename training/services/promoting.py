"""What new conversations begin with: set here, and taken back in one click.

Conversations that have begun keep their own model.
"""

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.recording import Kind, Verb, record
from training.models import ModelVersion, Promotion
from training.services.errors import ModelsError
from training.signals import models_changed

LISTED = 50


def current() -> Promotion | None:
    return Promotion.objects.current()


@transaction.atomic
def promote(*, version: ModelVersion, by: User | None) -> Promotion:
    """Have new conversations begin with it. ModelsError where nobody can chat with it."""
    require_answers(version)
    before = current()
    if before is not None and before.version_id == version.pk:
        raise ModelsError(f"New conversations begin with {version.name} already.")
    return _added(version, below=before, by=by)


def require_answers(version: ModelVersion) -> None:
    if version.kind == ModelVersion.Kind.REWARD:
        raise ModelsError(f"{version.name} is a reward model: it scores answers and writes none.")
    if version.archived_at is not None:
        raise ModelsError(f"{version.name} is archived. Bring it back first.")
    if version.state != ModelVersion.State.READY:
        raise ModelsError(f"{version.name} is not ready, so nobody can chat with it.")


@transaction.atomic
def roll_back(*, by: User | None) -> Promotion:
    """Begin with what was promoted before, else with the default model. One that was removed or
    archived since is passed over."""
    now = current()
    if now is None or now.version is None:
        raise ModelsError("Nothing is promoted, so there is nothing to roll back.")
    under = now.below
    while under is not None and under.version is not None and not is_usable(under.version):
        under = under.below
    if under is None:
        return _added(None, below=None, by=by, is_rollback=True)
    return _added(under.version, below=under.below, by=by, is_rollback=True)


def is_usable(version: ModelVersion) -> bool:
    return version.state == ModelVersion.State.READY and version.archived_at is None


def _added(
    version: ModelVersion | None,
    *,
    below: Promotion | None,
    by: User | None,
    is_rollback: bool = False,
) -> Promotion:
    made = Promotion.objects.create(version=version, below=below, by=by, is_rollback=is_rollback)
    verb = Verb.ROLLED_BACK if is_rollback else Verb.PROMOTED
    thing = version.pk if version else ""
    record(verb=verb, kind=Kind.MODEL, name=made.name, thing=thing, by=by)
    transaction.on_commit(lambda: models_changed.send(ModelVersion))
    return made


def require_not_promoted(version: ModelVersion, what: str) -> None:
    now = current()
    if now is not None and now.version_id == version.pk:
        raise ModelsError(
            f"New conversations begin with {version.name}, so it can't be {what}. "
            "Promote another model or roll back first."
        )


def preselected() -> str:
    """The name that new conversations begin with, where it is served."""
    now = current()
    return now.name if now is not None else str(settings.DEFAULT_MODEL)


def history() -> list[Promotion]:
    return list(Promotion.objects.with_people()[:LISTED])
