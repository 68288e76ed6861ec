"""Who said what about a task, beside its answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.models import Annotation, Candidate
from feedback.showing.labelers import name_of
from feedback.task_page import letter

BY = {
    "pairs": "The order",
    "best": "The best answer",
    "line": "The line",
}


@dataclass(frozen=True)
class Answer:
    """`places` has one entry for each voice of the task, in the same order."""

    letter: str
    text: str
    places: list[str]


@dataclass(frozen=True)
class Voice:
    name: str
    labeler: int
    annotation: int
    comment: str


def voices_of(annotations: Sequence[Annotation]) -> list[Voice]:
    return [Voice(name_of(a.labeler), a.labeler_id, a.pk, a.comment) for a in annotations]


def answers_of(candidates: Sequence[Candidate], said: Sequence[Annotation]) -> list[Answer]:
    return [
        Answer(letter(k), one.text, [place_of(one.pk, annotation) for annotation in said])
        for k, one in enumerate(candidates)
    ]


def place_of(candidate: int | None, annotation: Annotation) -> str:
    """'2', '2 =' where it is tied, '–' unranked, with 'bad' below the line."""
    if candidate not in annotation.candidate_set.candidates:
        return "not shown"
    place = annotation.candidate_set.candidates.index(candidate)
    bad = " bad" if place in annotation.unacceptable else ""
    for number, tier in enumerate(annotation.tiers, start=1):
        if place in tier:
            return f"{number}{' =' if len(tier) > 1 else ''}{bad}"
    return f"–{bad}"


def places(voices: Sequence[Voice], answers: Sequence[Answer]) -> list[tuple[Voice, list[str]]]:
    """A row for each person: where they put which answer."""
    return [(voice, [one.places[k] for one in answers]) for k, voice in enumerate(voices)]
