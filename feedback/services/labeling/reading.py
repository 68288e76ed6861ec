"""What the ranking page sends, in the places it showed, turned into a ranking of the set.

Sample, of an assignment whose permutation is [2, 0, 1]:

    {"set": 1, "tiers": [[0], [2, 1]], "unranked": [], "line": 1, "all_bad": false,
     "flags": {"0": ["toxic"]}, "ratings": {"0": {"helpful": 4}}, "strength": 2,
     "comment": "", "edit": {"of": 0, "text": "…", "better": true}, "active_ms": 41200}

`line` is the number of tiers above the line, null without one. Everything is checked in the places
that were shown, so that no refusal tells the order of the set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from django.utils import timezone

from feedback.models import Annotation, Assignment, Project
from feedback.rules.pairs import Ranking, RankingError
from feedback.services.errors import FeedbackError

LONGEST_COMMENT = 5_000
LONGEST_EDIT = 50_000
MOST_MS = 24 * 3600 * 1000
NOT_A_RANKING = "This is not a ranking. Reload the page."
NOTHING = "Rank at least two answers, or say that all are bad, or skip the task."
Question = Project.Question


@dataclass(frozen=True)
class Edit:
    """A better answer, written over the one at the place `of` in the candidate set."""

    of: int
    text: str
    better: bool


@dataclass(frozen=True)
class Sent:
    """`said` are the further fields of an Annotation."""

    ranking: Ranking
    said: dict[str, Any]
    edit: Edit | None


def read(*, assignment: Assignment, sent: Mapping[str, Any]) -> Sent:
    """FeedbackError for what breaks a rule; what the project does not ask is left out."""
    if sent.get("set") != assignment.candidate_set.version:
        raise FeedbackError("This ranking is about another set of answers. Reload the page.")
    shown, place = ranking_of(sent, assignment.candidate_set.size), assignment.permutation
    asked = assignment.task.project.questions
    said = {
        "flags": flags_of(sent, place) if Question.FLAGS in asked else {},
        "ratings": ratings_of(sent, place) if Question.RATINGS in asked else {},
        "strength": strength_of(sent, shown) if Question.STRENGTH in asked else None,
        "comment": text_of(sent, "comment", LONGEST_COMMENT) if Question.COMMENT in asked else "",
        "active_ms": active_ms(sent, assignment),
    }
    edit = edit_of(sent, place) if Question.CORRECTION in asked else None
    if says_nothing(shown) and not (edit and edit.better):
        raise FeedbackError(NOTHING)
    return Sent(in_set(shown, place), said, edit)


def ranking_of(sent: Mapping[str, Any], size: int) -> Ranking:
    """The ranking in the places shown, whole and by the rules."""
    tiers = [places(tier, size) for tier in listed(sent.get("tiers"))]
    unranked, line = places(sent.get("unranked"), size), sent.get("line")
    if line is not None and not (is_number(line) and 0 <= line <= len(tiers)):
        raise FeedbackError(NOT_A_RANKING)
    below = {place for tier in tiers[len(tiers) if line is None else line :] for place in tier}
    all_bad = sent.get("all_bad") is True
    ranking = Ranking(
        size=size,
        tiers=tuple(tiers),
        unranked=unranked,
        unacceptable=frozenset(range(size)) if all_bad else frozenset(below),
        all_bad=all_bad,
    )
    return by_the_rules(ranking)


def by_the_rules(ranking: Ranking) -> Ranking:
    try:
        return ranking.checked()
    except RankingError as error:
        raise FeedbackError(str(error)) from error


def says_nothing(ranking: Ranking) -> bool:
    ranked = sum(map(len, ranking.tiers))
    return not ranking.unacceptable and ranked < min(2, ranking.size)


def in_set(shown: Ranking, place: list[int]) -> Ranking:
    return Ranking(
        size=shown.size,
        tiers=tuple(tuple(place[k] for k in tier) for tier in shown.tiers),
        unranked=tuple(place[k] for k in shown.unranked),
        unacceptable=frozenset(place[k] for k in shown.unacceptable),
        all_bad=shown.all_bad,
    )


def listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise FeedbackError(NOT_A_RANKING)
    return value


def is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def places(value: Any, size: int) -> tuple[int, ...]:
    found = listed(value)
    if not all(is_number(place) and 0 <= place < size for place in found):
        raise FeedbackError("There is no such answer here. Reload the page.")
    return tuple(found)


def by_place(value: Any, place: list[int]) -> dict[int, Any]:
    """{"0": …} in the places shown, as {…: …} in those of the set."""
    if not isinstance(value, Mapping):
        raise FeedbackError(NOT_A_RANKING)
    shown = {str(k): of_set for k, of_set in enumerate(place)}
    if not set(value) <= set(shown):
        raise FeedbackError("There is no such answer here. Reload the page.")
    return {shown[k]: said for k, said in value.items()}


def flags_of(sent: Mapping[str, Any], place: list[int]) -> dict[str, list[str]]:
    found = {k: listed(names) for k, names in by_place(sent.get("flags", {}), place).items()}
    unknown = [name for names in found.values() for name in names if name not in known_flags()]
    if unknown:
        raise FeedbackError(f"There is no flag {str(unknown[0])[:40]!r}. Reload the page.")
    ordered = {k: [flag for flag in known_flags() if flag in found[k]] for k in sorted(found)}
    return {str(k): names for k, names in ordered.items() if names}


def known_flags() -> list[str]:
    return list(Annotation.Flag.values)


def ratings_of(sent: Mapping[str, Any], place: list[int]) -> dict[str, dict[str, int]]:
    found = by_place(sent.get("ratings", {}), place)
    for ratings in found.values():
        check_ratings(ratings)
    return {str(k): dict(found[k]) for k in sorted(found) if found[k]}


def check_ratings(ratings: Any) -> None:
    if not isinstance(ratings, Mapping) or not set(ratings) <= set(Annotation.Quality.values):
        raise FeedbackError("There is no such rating. Reload the page.")
    if not all(is_number(value) and value in Annotation.RATED for value in ratings.values()):
        raise FeedbackError("A rating is a number from 1 to 5.")


def strength_of(sent: Mapping[str, Any], shown: Ranking) -> int | None:
    """How much better the best is than the worst; nothing where none is better."""
    strength = sent.get("strength")
    if strength is not None and strength not in Annotation.Strength.values:
        raise FeedbackError("There is no such strength of preference. Reload the page.")
    return strength if len(shown.tiers) > 1 and not shown.all_bad else None


def text_of(sent: Mapping[str, Any], name: str, longest: int) -> str:
    text = sent.get(name, "")
    if not isinstance(text, str):
        raise FeedbackError(NOT_A_RANKING)
    if len(text) > longest:
        raise FeedbackError(f"That is too long: {longest:,} characters are kept. Shorten it.")
    return text.strip()


def edit_of(sent: Mapping[str, Any], place: list[int]) -> Edit | None:
    edit = sent.get("edit")
    if edit is None:
        return None
    if not isinstance(edit, Mapping):
        raise FeedbackError(NOT_A_RANKING)
    text = text_of(edit, "text", LONGEST_EDIT)
    if not text:
        raise FeedbackError("Your better answer is empty. Write it, or remove it.")
    [of] = places([edit.get("of")], len(place))
    return Edit(place[of], text, edit.get("better") is True)


def active_ms(sent: Mapping[str, Any], assignment: Assignment) -> int | None:
    """What the page measured, and no more than has passed since the claim."""
    measured = sent.get("active_ms")
    if not is_number(measured):
        return None
    passed = (timezone.now() - assignment.claimed_at).total_seconds() * 1000
    return max(0, min(measured, int(passed), MOST_MS))


def storable(value: Any) -> Any:
    """JSON that every database takes: no NUL, no half characters."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(key): storable(part) for key, part in value.items()}
    return [storable(part) for part in value] if isinstance(value, list) else value
