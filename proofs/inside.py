"""What is asked of a site's database from outside its processes: people, work, and what came of it.

Runs in the site's environment; site.py starts it. Each line that comes in is `{"do": name, …}`;
the answer is one line of JSON. A database that is away is waited for.
"""

import json
import sys
import time
from collections.abc import Callable
from io import StringIO
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.test import Client

from accounts import services
from accounts.access import CHATTER
from accounts.models import User
from chat.models import Chunk, Conversation, Generation, Message
from evaluation.models import EvaluationRun
from evaluation.services.runs import making as evaluations
from feedback.models import Project
from llmsite import invariants
from llmsite.invariants.work import kinds
from llmsite.management.commands.verify import as_json
from tests.faults import bookkeeper
from training.models import Job, TrainingJob
from training.services.runs import making as runs

PATIENCE_SECONDS = 120
CLAIM_MINUTES = 2


def begin(chatters: int, labelers: int, tasks: int, overlap: int) -> dict[str, list[str]]:
    """The owner, people who chat (each with a conversation), people who rank; session keys."""
    services.create_owner(username="owner", password="a long owner phrase")  # noqa: S106
    group = Group.objects.get_or_create(name=CHATTER)[0]
    sessions, conversations = [], []
    for number in range(chatters):
        user = User.objects.create_user(f"chatter-{number}")
        user.groups.add(group)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        sessions.append(str(client.session.session_key))
        conversations.append(str(Conversation.objects.create(owner=user).pk))
    ranking = bookkeeper.begin(labelers, tasks, overlap)
    Project.objects.update(claim_minutes=CLAIM_MINUTES)
    return {"chatters": sessions, "conversations": conversations, "labelers": ranking}


def train(config: str) -> dict[str, Any]:
    return told("train", "sft", "--config", config)


def evaluate(model: str, name: str) -> dict[str, Any]:
    asked = ("--model", model, "--benchmark", "starter", "--limit", "5", "--no-wait")
    found = told("evaluate", *asked)
    if "id" in found:
        EvaluationRun.objects.filter(pk=found["id"]).update(name=name)
    return found


def told(command: str, *arguments: str) -> dict[str, Any]:
    """What it says, or why it would not, for example because the disk is full."""
    out = StringIO()
    try:
        call_command(command, *arguments, "--format", "json", stdout=out)
    except (CommandError, OSError) as error:
        return {"refused": str(error)}
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def work() -> list[dict[str, Any]]:
    rows: list[Any] = [*TrainingJob.objects.all(), *EvaluationRun.objects.all()]
    return [
        {
            "id": str(row.pk),
            "kind": "run" if isinstance(row, TrainingJob) else "evaluation",
            "name": row.name,
            "state": row.state,
            "attempt": row.attempt,
            "error": row.error,
        }
        for row in rows
    ]


def cancel() -> int:
    """Ask every run to end, as its owner would."""
    live = list(TrainingJob.objects.live())
    for job in live:
        runs.cancel(job=job)
    return len(live)


def resume() -> int:
    """Go on with what failed, as its owner would."""
    failed = list(TrainingJob.objects.filter(state=Job.State.FAILED))
    for job in failed:
        runs.resume(job=job)
    broken = list(EvaluationRun.objects.filter(state=Job.State.FAILED))
    for run in broken:
        evaluations.resume(run=run)
    return len(failed) + len(broken)


def live() -> dict[str, int]:
    found = {kind._meta.verbose_name: kind._default_manager.live().count() for kind in kinds()}
    return {"answers": Generation.objects.live().count(), **found}


def said(conversations: list[str]) -> list[dict[str, Any]]:
    """Every turn of a person in these conversations, with all answers to it."""
    turns = Message.objects.filter(conversation__pk__in=conversations, role="user").order_by("id")
    return [
        {
            "text": turn.text,
            "answers": [
                {
                    "message": answer.pk,
                    "text": answer.text + "".join(pieces(answer)),
                    "states": [g.state for g in answer.generations.all()],
                    "tokens": sum(g.completion_tokens or 0 for g in answer.generations.all()),
                }
                for answer in turn.children.prefetch_related("generations")
            ],
        }
        for turn in turns.prefetch_related("children")
    ]


def pieces(answer: Message) -> list[str]:
    chunks = Chunk.objects.filter(generation__message=answer, generation__state__in=Generation.LIVE)
    return list(chunks.values_list("text", flat=True))


def verify(at_rest: bool) -> list[dict[str, Any]]:
    return [as_json(found) for found in invariants.checked(at_rest=at_rest)]


def rankings() -> dict[str, Any]:
    return bookkeeper.report()


ACTS: dict[str, Callable[..., Any]] = {
    act.__name__: act
    for act in (
        begin,
        train,
        evaluate,
        work,
        cancel,
        resume,
        live,
        said,
        verify,
        rankings,
    )
}


def done(act: str, **asked: Any) -> Any:
    """Again while the database is away."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        close_old_connections()
        try:
            return ACTS[act](**asked)
        except (OperationalError, InterfaceError):
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.5)


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        sys.stdout.write(json.dumps(done(asked.pop("do"), **asked)) + "\n")
        sys.stdout.flush()
