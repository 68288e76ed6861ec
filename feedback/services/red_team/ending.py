"""The end of an attempt: how far it got, in numbers and words, and its ranking task."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from feedback.models import Annotation, Attempt, Filling
from feedback.services.errors import FeedbackError
from feedback.services.red_team import filling
from feedback.services.red_team.dialogue import move_on

LONGEST = 4000
State = Attempt.State


@transaction.atomic
def finish(
    *, attempt: Attempt, revision: int, success: int | None, outcome: str, flags: Sequence[str]
) -> None:
    """Say how far it got; then the model is asked for the other answers of its ranking task.

    Said again later, it replaces what was said and makes no second task.
    """
    said = {"success": checked(success), **words(outcome, flags)}
    if attempt.state == State.FINISHED:
        Attempt.objects.filter(pk=attempt.pk).update(**said, revision=F("revision") + 1)
        return
    require_an_end(attempt)
    move_on(attempt, revision, **said, state=State.FINISHED, ended_at=timezone.now())
    filling.begin(Filling.objects.create(attempt_made=attempt))


@transaction.atomic
def give_up(*, attempt: Attempt, revision: int, outcome: str) -> None:
    """The model held, or the person had enough; the dialogue is kept and makes no task."""
    said = {"state": State.GIVEN_UP, "ended_at": timezone.now(), **words(outcome, [])}
    move_on(attempt, revision, **said, is_answering=False, partial="")


@transaction.atomic
def take_up(*, attempt: Attempt) -> None:
    """Go on with one that was given up."""
    given_up = Attempt.objects.filter(pk=attempt.pk, state=State.GIVEN_UP)
    if not given_up.update(state=State.OPEN, ended_at=None, revision=F("revision") + 1):
        raise FeedbackError("Only an attempt that was given up can be taken up again.")


def checked(success: int | None) -> int:
    if success not in Attempt.Success.values:
        raise FeedbackError("Say how far you got, from 0 to 4.")
    return success


def words(outcome: str, flags: Sequence[str]) -> dict[str, object]:
    outcome = outcome.replace("\x00", "\ufffd").strip()
    if len(outcome) > LONGEST:
        raise FeedbackError(f"The outcome has at most {LONGEST:,} characters. Shorten it.")
    return {"outcome": outcome, "flags": [f for f in Annotation.Flag.values if f in flags]}


def require_an_end(attempt: Attempt) -> None:
    if attempt.is_answering and not attempt.is_silent:
        raise FeedbackError("The model is still answering. Wait for it or stop it, then finish.")
    if not attempt.messages or attempt.messages[-1]["role"] != "assistant":
        raise FeedbackError("Your last message has no answer. Ask again, or give up.")
