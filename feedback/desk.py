"""What a labeler sees of one task. Nothing here tells where an answer came from, in which order
the set has it, how long it is, or whether the task is a gold task or a repeat.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

from django.utils.safestring import SafeString, mark_safe

from feedback.models import Annotation, Assignment, Candidate, Guidelines, Labeler, Project
from feedback.services import labeling
from feedback.services.labeling.claims import State
from llmkit import markdown

LONGEST_RENDERED = 60_000
HEADING = re.compile(r"<(/?)h[1-6]>")
ROLES = {"user": "User", "assistant": "Assistant", "system": "Instructions"}
SKIP_REASONS = (
    "I cannot judge this",
    "Not my language",
    "Broken or empty",
    "I would rather not read this",
)


@dataclass(frozen=True)
class Text:
    """Hostile text: `html` is safe, `raw` is to be escaped. Its headings get the level below that
    of the heading it stands under, whatever it says, so that the page keeps its outline.
    """

    raw: str
    level: int = 3

    @cached_property
    def html(self) -> SafeString:
        """Markdown; a text of absurd length is only shown as it is."""
        if len(self.raw) > LONGEST_RENDERED:
            return SafeString("")
        html = HEADING.sub(rf"<\1h{self.level}>", markdown.render(self.raw))
        return mark_safe(html)  # noqa: S308


@dataclass(frozen=True)
class Turn:
    role: str
    text: Text


@dataclass(frozen=True)
class Answer:
    """`place` counts from 0 in the order that this person got; they read `place` + 1."""

    place: int
    text: Text

    @property
    def number(self) -> int:
        return self.place + 1


@dataclass(frozen=True)
class Act:
    """Something that can be taken back."""

    pk: int
    did: str
    about: str
    when: Any


@dataclass(frozen=True)
class Desk:
    """The page of `project` for `labeler`; `assignment` is None when nothing is `left`."""

    project: Project
    labeler: Labeler
    assignment: Assignment | None
    left: int

    @cached_property
    def turns(self) -> list[Turn]:
        messages = self.assignment.task.messages if self.assignment else []
        return [Turn(ROLES.get(m["role"], "User"), Text(m["content"])) for m in messages]

    @property
    def earlier(self) -> list[Turn]:
        return self.turns[:-1]

    @property
    def folds(self) -> bool:
        """Whether what came before the last turn would push the answers out of sight."""
        return len(self.earlier) > 2 or sum(len(t.text.raw) for t in self.earlier) > 900

    @property
    def last(self) -> Turn | None:
        return self.turns[-1] if self.turns else None

    @cached_property
    def answers(self) -> list[Answer]:
        if self.assignment is None:
            return []
        keys = self.assignment.candidate_set.candidates
        said = Candidate.objects.in_bulk(keys)
        order = self.assignment.permutation
        return [Answer(k, Text(said[keys[place]].text, 4)) for k, place in enumerate(order)]

    @property
    def state(self) -> dict[str, Any]:
        """What the page's script begins from. Every page has a key of its own for what it sends."""
        if self.assignment is None:
            return {}
        return {
            "set": self.assignment.candidate_set.version,
            "size": len(self.answers),
            "key": f"{self.labeler.pk}:{uuid4()}",
            "revision": self.assignment.draft_revision,
            "draft": self.assignment.draft,
        }

    @cached_property
    def guidelines(self) -> Guidelines | None:
        return self.project.latest_guidelines

    @property
    def guidelines_html(self) -> SafeString:
        return Text(self.guidelines.text).html if self.guidelines else SafeString("")

    @property
    def news(self) -> str:
        """What to say about guidelines that the person has not opened yet."""
        seen = self.labeler.guidelines_seen
        if self.guidelines is None or self.guidelines.number <= seen:
            return ""
        if seen == 0:
            return "Read the guidelines before you begin."
        now = f"This is version {self.guidelines.number}."
        return f"The guidelines have changed since you last looked. {now}"

    @property
    def today(self) -> int:
        return labeling.ranked_today(self.labeler)

    @cached_property
    def acts(self) -> list[Act]:
        return [act_of(ended) for ended in labeling.last_acts(self.labeler)]

    @property
    def flags(self) -> list[tuple[str, str]]:
        return Annotation.Flag.choices

    @property
    def qualities(self) -> list[tuple[str, str]]:
        return Annotation.Quality.choices

    @property
    def strengths(self) -> list[tuple[int, str]]:
        return Annotation.Strength.choices

    @property
    def rated(self) -> range:
        return Annotation.RATED

    @property
    def skip_reasons(self) -> tuple[str, ...]:
        return SKIP_REASONS


def act_of(ended: Assignment) -> Act:
    did = "Skipped" if ended.state == State.SKIPPED else "Ranked"
    return Act(ended.pk, did, ended.task.messages[-1]["content"][:120], ended.ended_at)
