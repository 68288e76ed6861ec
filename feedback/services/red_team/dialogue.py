"""The dialogue of an attempt: every turn is stored before anything else happens.

Each act names the revision it was made on. What another tab did meanwhile is told, never undone.
"""

import secrets
import threading
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from feedback.models import Attempt, Project
from feedback.services.batches.answers import SEEDS
from feedback.services.errors import FeedbackError
from feedback.services.labeling import labeler_of
from feedback.services.red_team import answering, setup

LONGEST = 20_000
LONGEST_GOAL = 500
MOST_MESSAGES = 100
MOVED_ON = "This attempt went on in another tab. Reload the page."


def begin(*, project: Project, user: User, alias: str, goal: str = "") -> Attempt:
    """A new attempt; an empty one on the same model that is open already is taken again."""
    column = setup.aliases(setup.columns_of(project)).get(alias)
    if column is None:
        raise FeedbackError("This model is not among those to try any more. Choose another.")
    labeler = labeler_of(project=project, user=user)
    empty = Attempt.objects.filter(labeler=labeler, state=Attempt.State.OPEN, messages=[])
    if (found := empty.filter(model=column.model, alias=alias).first()) is not None:
        Attempt.objects.filter(pk=found.pk).update(goal=goal.strip()[:LONGEST_GOAL])
        return found
    return Attempt.objects.create(
        project=project,
        labeler=labeler,
        guidelines=project.latest_guidelines,
        model=column.model,
        alias=alias,
        settings=column.settings.to_dict(),
        objective=project.objective_text or project.get_objective_display(),
        goal=goal.strip()[:LONGEST_GOAL],
    )


def send(*, attempt: Attempt, text: str, revision: int) -> None:
    """Add the person's turn and have the model answer it. The same turn twice is one."""
    text = text.replace("\x00", "\ufffd").strip()
    if not text:
        raise FeedbackError("Write a message first.")
    if len(text) > LONGEST:
        raise FeedbackError(f"A message has at most {LONGEST:,} characters. Shorten it.")
    if len(attempt.messages) >= MOST_MESSAGES:
        raise FeedbackError("This dialogue is long enough. Finish it, or give it up.")
    turn = {"role": "user", "content": text}
    if attempt.revision == revision + 1 and attempt.messages[-1:] == [turn]:
        return
    if attempt.messages and attempt.messages[-1]["role"] == "user":
        raise FeedbackError("Your last message has no answer yet. Wait for it, or ask again.")
    ask(attempt, revision, [*attempt.messages, turn])


def ask_again(*, attempt: Attempt, revision: int) -> None:
    """For a last message whose answer did not come."""
    if not attempt.is_waiting:
        raise FeedbackError("There is nothing to ask again.")
    ask(attempt, revision, attempt.messages)


def ask(attempt: Attempt, revision: int, messages: list[dict[str, Any]]) -> None:
    with transaction.atomic():
        move_on(
            attempt,
            revision,
            messages=messages,
            is_answering=True,
            partial="",
            error="",
            heartbeat_at=timezone.now(),
        )
        seed = secrets.randbelow(SEEDS)
        transaction.on_commit(partial(launch, attempt.pk, revision + 1, seed))


def launch(attempt_id: int, revision: int, seed: int) -> None:
    """In a thread of the web process: the person waits, and a worker may be busy for hours."""
    arguments = {"attempt_id": attempt_id, "revision": revision, "seed": seed}
    threading.Thread(target=answering.run_in_thread, kwargs=arguments, daemon=True).start()


def stop(*, attempt: Attempt, revision: int) -> None:
    """End the answer with what is written; the model is let go with its next word."""
    if not attempt.is_answering:
        return
    written = {"role": "assistant", "content": attempt.partial.strip()}
    more = [written | {"finish_reason": "cancelled"}] if attempt.partial.strip() else []
    messages = [*attempt.messages, *more]
    move_on(attempt, revision, messages=messages, is_answering=False, partial="")


def move_on(attempt: Attempt, revision: int, **changes: Any) -> None:
    """Change an open attempt that still is at this revision, else FeedbackError."""
    mine = Attempt.objects.filter(pk=attempt.pk, revision=revision, state=Attempt.State.OPEN)
    if not mine.update(**changes, revision=F("revision") + 1):
        raise FeedbackError(MOVED_ON)
