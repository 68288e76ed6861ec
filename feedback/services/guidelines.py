"""Guidelines in versions: a new wording is a new version, and every ranking keeps its own."""

import difflib
from collections.abc import Iterator

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.recording import Kind, Verb, record
from feedback.models import Guidelines, Project
from feedback.services.errors import FeedbackError

KINDS = {"+": "added", "-": "removed", "@": "skip"}


@transaction.atomic
def write(*, project: Project, text: str, writer: User | None) -> Guidelines:
    """The next version of a project's guidelines; what was ranked before keeps its own."""
    last = project.latest_guidelines
    number = 1 if last is None else last.number + 1
    if last is not None:
        record(
            verb=Verb.CHANGED,
            kind=Kind.PROJECT,
            name=project.name,
            thing=project.pk,
            by=writer,
            guidelines=f"version {number}",
        )
    return Guidelines.objects.create(project=project, number=number, text=text, written_by=writer)


def revise(*, project: Project, text: str, writer: User, begun_from: int) -> Guidelines:
    """The next version, unless it says nothing, nothing new, or somebody else was faster.

    `begun_from` is the version the writer began from, 0 for none.
    """
    last = project.latest_guidelines
    wording = text.replace("\r\n", "\n").strip()
    if not wording:
        raise FeedbackError("Write what labelers should go by.")
    if last is not None and wording == last.text.strip():
        raise FeedbackError(f"This is what version {last.number} says. Nothing was changed.")
    try:
        with transaction.atomic():
            if (last.number if last else 0) == begun_from:
                return write(project=project, text=wording, writer=writer)
    except IntegrityError:
        pass
    raise FeedbackError(
        "Somebody else has written a new version meanwhile. It is below; join both, then publish."
    )


def differences(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Lines as (kind, text); kind is one of same, added, removed, skip."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    for line in list(lines)[2:]:
        yield KINDS.get(line[:1], "same"), "" if line.startswith("@") else line[1:]
