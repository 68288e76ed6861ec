"""What a crowd's database says, asked from outside the site's own processes.

Runs beside the site, in its environment; crowd.py starts it. Each line that comes in is
`{"do": name, …}`; the answer is one line of JSON.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from accounts.access import LABELER
from accounts.models import User
from feedback.models import Annotation, Assignment, Project, RankingTask
from feedback.services import projects
from feedback.services.tasks import NewAnswer, add_task

SLUG = "crowd"
TEXTS = ("Hello", "Hi", "Good day")


def begin(people: int, tasks: int, overlap: int) -> list[str]:
    """A project with tasks in it; the session keys of people who may rank them."""
    project = projects.create(owner=None, name=SLUG)
    Project.objects.filter(pk=project.pk).update(open_to_all=True, gold_share=0, repeat_share=0)
    for number in range(tasks):
        asked = [{"role": "user", "content": f"Say hello {number}"}]
        answers = [NewAnswer(text, {"model": text}) for text in TEXTS]
        source = RankingTask.Source.BATCH
        task = add_task(
            project=project,
            source=source,
            external_id=str(number),
            messages=asked,
            answers=answers,
        )
        RankingTask.objects.filter(pk=task.pk).update(overlap=overlap)
    return [signed_in(number) for number in range(people)]


def signed_in(number: int) -> str:
    user = User.objects.create_user(f"labeler-{number}")
    user.groups.add(Group.objects.get_or_create(name=LABELER)[0])
    client = Client()
    client.force_login(user)
    session = client.session
    assert isinstance(session, SessionStore) and SESSION_KEY in session
    return str(session.session_key)


def claims() -> Any:
    return Assignment.objects.filter(task__project__slug=SLUG, state__in=Assignment.CLAIMS)


def run_out(pk: int | None = None) -> int:
    """The time of one claim, or of all of them, is over."""
    past = timezone.now() - timedelta(minutes=1)
    found = claims() if pk is None else claims().filter(pk=pk)
    return int(found.update(expires_at=past))


def submitted() -> Any:
    of_crowd = Assignment.objects.filter(task__project__slug=SLUG)
    return of_crowd.filter(state=Assignment.State.SUBMITTED, slot__isnull=False)


def filled() -> int:
    return int(submitted().count())


def report() -> dict[str, Any]:
    """What there is, for the test to judge."""
    said = Annotation.objects.filter(task__project__slug=SLUG)
    return {
        "per task": list(Counter(submitted().values_list("task", flat=True)).values()),
        "slots": [list(pair) for pair in submitted().values_list("task", "slot")],
        "holders": [list(pair) for pair in submitted().values_list("task", "labeler")],
        "current": [
            {
                "key": one.key,
                "assignment": one.assignment_id,
                "state": one.assignment.state if one.assignment else None,
                "own": bool(one.assignment and one.assignment.labeler_id == one.labeler_id),
                "best": one.tiers[0][0],
                "shown": one.assignment.permutation if one.assignment else [],
            }
            for one in said.current().select_related("assignment")
        ],
        "keys": list(said.values_list("key", flat=True)),
        "withdrawn": said.filter(withdrawn=True).count(),
        "claims": Assignment.objects.filter(task__project__slug=SLUG).count(),
    }


ACTS: dict[str, Callable[..., Any]] = {
    act.__name__: act for act in (begin, run_out, filled, report)
}


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        sys.stdout.write(json.dumps(ACTS[asked.pop("do")](**asked)) + "\n")
        sys.stdout.flush()
