"""A task as its manager sees it: answers by letter, where they came from, and who said what."""

from dataclasses import dataclass
from typing import Any

from feedback.models import Annotation, Assignment, Candidate, RankingTask
from llmkit.numbers import whole_number

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SETTINGS = {"temperature": "temperature", "top_p": "top p", "max_new_tokens": "max new tokens"}


@dataclass(frozen=True)
class ShownAnswer:
    """`shown` says whether labelers rank it now; `tier` is its place in a gold task."""

    letter: str
    candidate: Candidate
    origins: list[str]
    parent: str
    shown: bool
    tier: int | None


@dataclass(frozen=True)
class Said:
    """One revision in letters: `ranking` as 'A > B = C'."""

    annotation: Annotation
    ranking: str
    rest: list[str]
    counts: bool


def answers_of(task: RankingTask) -> list[ShownAnswer]:
    """Those that are ranked now in their order, then all others."""
    candidates = {c.pk: c for c in task.candidates.prefetch_related("sources").all()}
    current = task.current_set.candidates
    order = [*current, *(pk for pk in candidates if pk not in current)]
    letters = {pk: letter(place) for place, pk in enumerate(order)}
    tiers = (task.gold or {}).get("tiers", [])
    tier_of = {pk: place for place, tier in enumerate(tiers, start=1) for pk in tier}
    return [
        ShownAnswer(
            letter=letters[pk],
            candidate=candidates[pk],
            origins=origins(candidates[pk]),
            parent=letters.get(candidates[pk].parent_id or 0, ""),
            shown=pk in current,
            tier=tier_of.get(pk),
        )
        for pk in order
    ]


def letter(place: int) -> str:
    return LETTERS[place] if place < len(LETTERS) else str(place + 1)


def origins(candidate: Candidate) -> list[str]:
    """Where the text came from, one line for each time it was made."""
    if candidate.author is not None:
        return [f"Written by {candidate.author}"]
    return [origin(source) for source in candidate.sources.all()] or ["Unknown"]


def origin(source: Any) -> str:
    words = [source.model or "Unknown model"]
    words += [f"{SETTINGS[k]} {v}" for k, v in source.settings.items() if k in SETTINGS]
    words += [f"seed {source.seed}"] if source.seed is not None else []
    words += [f"{source.tokens} tokens"] if source.tokens else []
    words += [f"ended by {source.finish_reason}"] if source.finish_reason else []
    return ", ".join(words)


def said_of(task: RankingTask, answers: list[ShownAnswer]) -> list[Said]:
    """Every revision, newest first."""
    letters = {answer.candidate.pk: answer.letter for answer in answers}
    found = task.annotations.select_related(
        "labeler__user", "candidate_set", "guidelines", "edit", "voided_by"
    ).order_by("-pk")
    counting = set(Annotation.objects.filter(task=task).current().values_list("pk", flat=True))
    return [said(annotation, letters, annotation.pk in counting) for annotation in found]


def said(annotation: Annotation, letters: dict[int, str], counts: bool) -> Said:
    names = [letters.get(pk, "?") for pk in annotation.candidate_set.candidates]
    tiers = [" = ".join(names[place] for place in tier) for tier in annotation.tiers]
    return Said(annotation, " > ".join(tiers), rest_of(annotation, names), counts)


def rest_of(annotation: Annotation, names: list[str]) -> list[str]:
    """What was said besides the order, in words."""
    flags = dict(Annotation.Flag.choices)
    found = ["All bad"] if annotation.all_bad else []
    if annotation.unranked:
        found.append("Not ranked: " + listed(names, annotation.unranked))
    if annotation.unacceptable and not annotation.all_bad:
        found.append("Unacceptable: " + listed(names, annotation.unacceptable))
    for place, given in annotation.flags.items():
        words = ", ".join(flags.get(flag, flag).lower() for flag in given)
        found.append(f"{at(names, place)}: {words}")
    return found + ratings_of(annotation, names)


def ratings_of(annotation: Annotation, names: list[str]) -> list[str]:
    found = []
    for place, given in annotation.ratings.items():
        if isinstance(given, dict):
            words = ", ".join(f"{name} {value}" for name, value in given.items())
            found.append(f"{at(names, place)}: {words}")
        else:
            found.append(f"{place}: {given}")
    if annotation.strength is not None:
        found.append(f"Strength {annotation.strength}")
    return found


def listed(names: list[str], places: list[int]) -> str:
    return ", ".join(names[place] for place in places)


def at(names: list[str], place: str) -> str:
    number = whole_number(place)
    return names[number] if number is not None and number < len(names) else str(place)


def skips_of(task: RankingTask) -> list[Assignment]:
    skipped = task.assignments.filter(state=Assignment.State.SKIPPED)
    return list(skipped.select_related("labeler__user").order_by("-ended_at"))


def holders_of(task: RankingTask) -> list[Assignment]:
    """Who has it open now."""
    claims = task.assignments.filter(state__in=Assignment.CLAIMS)
    return list(claims.select_related("labeler__user"))
