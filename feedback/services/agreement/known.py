"""What is known about a task beside its rankings: gold answers, repeats, and how much to read."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from django.db.models import F, Value
from django.db.models.functions import Length, Replace

from feedback.measures.intervals import Share
from feedback.measures.judgements import Key
from feedback.models import Candidate, CandidateSet, Project
from feedback.services.agreement.saying import Said

ExpectedPairs = dict[int, list[Key]]
"""By candidate set: (better, worse) by place."""


def expected_pairs(gold: Iterable[Said]) -> ExpectedPairs:
    """What the gold tasks among them expect; `gold["tiers"]` names candidates by id."""
    tiers = {one.candidate_set: (one.gold or {}).get("tiers", []) for one in gold}
    sets = CandidateSet.objects.in_bulk(list(tiers))
    return {pk: strict_pairs(tiers[pk], found.candidates) for pk, found in sets.items()}


def strict_pairs(tiers: Sequence[Sequence[int]], candidates: Sequence[int]) -> list[Key]:
    places = {candidate: place for place, candidate in enumerate(candidates)}
    known = [[places[pk] for pk in tier if pk in places] for tier in tiers]
    return [(i, j) for better, worse in combinations(known, 2) for i in better for j in worse]


def gold_right(gold: Iterable[Said], expected: ExpectedPairs) -> Share:
    """In how many gold tasks every expected pair was ranked as expected. A task is one trial:
    pairs of one task are not independent, so Wilson's interval over pairs would be too narrow.
    """
    right = [
        all(ranks_above(one, i, j) for i, j in expected[one.candidate_set])
        for one in gold
        if expected.get(one.candidate_set)
    ]
    return Share(sum(right), len(right))


def ranks_above(one: Said, i: int, j: int) -> bool:
    return one.outcomes.get((i, j), 0) > 0 if i < j else one.outcomes.get((j, i), 0) < 0


def flips(said: Iterable[Said], repeats: Iterable[Said]) -> Share:
    """Of the pairs that somebody decided both times, how many have another winner now."""
    first = {(one.labeler, one.candidate_set): one.outcomes for one in said}
    both = [
        (value, again)
        for repeat in repeats
        for key, again in repeat.outcomes.items()
        if again and (value := first.get((repeat.labeler, repeat.candidate_set), {}).get(key))
    ]
    return Share(sum(value != again for value, again in both), len(both))


def words_of_sets(project: Project, said: Iterable[Said]) -> dict[int, int]:
    """About how many words the prompt and the answers of each timed ranking have."""
    timed = {one.candidate_set for one in said if one.active_ms}
    if not timed:
        return {}
    answers = words_of_answers(project)
    prompts = dict(project.tasks.values_list("pk", "messages"))
    sets = CandidateSet.objects.filter(task__project=project)
    return {
        pk: sum(len(turn["content"].split()) for turn in prompts[task])
        + sum(answers[candidate] for candidate in candidates)
        for pk, task, candidates in sets.values_list("pk", "task_id", "candidates")
        if pk in timed
    }


def words_of_answers(project: Project) -> dict[int, int]:
    """Spaces and one, counted where the texts are."""
    closed = Length(Replace("text", Value(" "), Value("")))
    found = Candidate.objects.filter(task__project=project).order_by()
    return dict(found.values_list("pk").annotate(words=Length(F("text")) - closed + 1))
