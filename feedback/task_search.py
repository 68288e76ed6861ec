"""Finding tasks of a project: by words, where they come from, and how far they are."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast
from django.http import QueryDict

from feedback.models import Annotation, Assignment, Candidate, Project, RankingTask
from feedback.progress import with_standing

# As long as any key of the database can be.
KEY = re.compile(r"[0-9]{1,18}")
STATES = {
    "untouched": "Not begun",
    "begun": "Begun",
    "ranked": "Ranked",
    "skipped": "Skipped by someone",
    "gold": "Gold",
    "withdrawn": "Withdrawn",
}
ORDERS = {"": "Oldest first", "new": "Newest first", "priority": "Highest priority first"}
ORDER_BY = {"": ["pk"], "new": ["-pk"], "priority": ["-priority", "pk"]}


@dataclass(frozen=True)
class Wanted:
    """What the address asks for; what it names that does not exist asks for nothing."""

    q: str = ""
    source: str = ""
    state: str = ""
    labeler: str = ""
    order: str = ""

    @classmethod
    def of(cls, data: QueryDict) -> "Wanted":
        labeler = data.get("labeler", "")
        return cls(
            q=data.get("q", "").strip()[:200],
            source=known(data.get("source", ""), RankingTask.Source.values),
            state=known(data.get("state", ""), STATES),
            labeler=labeler if KEY.fullmatch(labeler) else "",
            order=known(data.get("order", ""), ORDERS),
        )

    @property
    def narrows(self) -> bool:
        return bool(self.q or self.source or self.state or self.labeler)

    @property
    def query(self) -> str:
        """For the addresses of other pages of the same list."""
        given = QueryDict(mutable=True)
        given.update({name: value for name, value in vars(self).items() if value})
        return given.urlencode()


def known(value: str, names: Any) -> str:
    return value if value in names else ""


def found(project: Project, wanted: Wanted) -> Any:
    """The tasks, with their standing."""
    tasks = project.tasks.all()
    tasks = tasks.exclude(withdrawn_at=None) if wanted.state == "withdrawn" else tasks.open()
    if wanted.source:
        tasks = tasks.filter(source=wanted.source)
    if wanted.q:
        tasks = tasks.filter(with_words(wanted.q))
    if wanted.labeler:
        ranked = Annotation.objects.current().filter(task=OuterRef("pk"))
        tasks = tasks.filter(Exists(ranked.filter(labeler=int(wanted.labeler))))
    return in_state(with_standing(tasks), wanted.state).order_by(*ORDER_BY[wanted.order])


def with_words(q: str) -> Q:
    """In a message, an answer or the task's name. JSON may be stored with escapes or without."""
    plain, escaped = (json.dumps(q, ensure_ascii=ascii)[1:-1] for ascii in (False, True))
    messages = RankingTask.objects.annotate(text=Cast("messages", TextField()))
    same = messages.filter(pk=OuterRef("pk"))
    said = Exists(same.filter(Q(text__icontains=plain) | Q(text__icontains=escaped)))
    answers = Exists(Candidate.objects.filter(task=OuterRef("pk"), text__icontains=q))
    return Q(external_id__icontains=q) | Q(said) | Q(answers)


def in_state(tasks: Any, state: str) -> Any:
    if state == "gold":
        return tasks.filter(gold__isnull=False)
    if state == "skipped":
        skipped = Assignment.objects.filter(state=Assignment.State.SKIPPED)
        return tasks.filter(Exists(skipped.filter(task=OuterRef("pk"))))
    if state in ("untouched", "begun", "ranked"):
        return tasks.filter(standing=state, gold__isnull=True)
    return tasks
