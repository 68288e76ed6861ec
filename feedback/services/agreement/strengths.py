"""Which models write the answers that people prefer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feedback.measures.strength import Game, Strengths, strengths
from feedback.models import CandidateSet, CandidateSource, Labeler, Project
from feedback.services.agreement.cached import kept
from feedback.services.agreement.known import words_of_answers
from feedback.services.agreement.saying import Said, voices


@dataclass(frozen=True)
class Standings:
    """Strengths of the models in `names`, and how many comparisons each was in.

    `words` is one standard deviation of the difference in length, which `found.length` is about.
    """

    names: list[str]
    games: list[int]
    found: Strengths | None
    words: float
    prompts: int


@dataclass(frozen=True)
class Met:
    """Two answers by different models: who won, by how many words it was longer, which prompt."""

    winner: str
    loser: str
    tie: bool
    longer: int
    prompt: str


def standings(project: Project) -> Standings:
    return kept(project, "strengths", lambda: computed(met_in(project)))


def computed(met: Sequence[Met]) -> Standings:
    counts = Counter(name for one in met for name in (one.winner, one.loser))
    names = sorted(counts)
    numbers = {name: number for number, name in enumerate(names)}
    words = float(np.std([one.longer for one in met])) if met else 0.0
    games = [
        Game(numbers[one.winner], numbers[one.loser], one.tie, one.longer / (words or 1))
        for one in met
    ]
    prompts = [one.prompt for one in met]
    found = strengths(games, prompts, len(names)) if met else None
    return Standings(names, [counts[name] for name in names], found, words, len(set(prompts)))


def met_in(project: Project) -> list[Met]:
    """Every comparison of two models by a person. An answer that two models wrote stands for both,
    but never against itself.
    """
    said = voices(project).of_kinds(Labeler.PEOPLE).said
    models = models_of_answers(project)
    words = words_of_answers(project) if models else {}
    sets = dict(CandidateSet.objects.filter(task__project=project).values_list("pk", "candidates"))
    prompts = dict(project.tasks.values_list("pk", "prompt_hash"))
    return [
        met
        for one in said
        for met in met_in_one(one, sets[one.candidate_set], models, words, prompts[one.task])
    ]


def met_in_one(
    one: Said,
    candidates: Sequence[int],
    models: dict[int, set[str]],
    words: dict[int, int],
    prompt: str,
) -> list[Met]:
    found = []
    for (i, j), value in one.outcomes.items():
        better, worse = (candidates[i], candidates[j])[:: -1 if value < 0 else 1]
        longer = words.get(better, 0) - words.get(worse, 0)
        found += [
            Met(winner, loser, value == 0, longer, prompt)
            for winner in sorted(models.get(better, ()))
            for loser in sorted(models.get(worse, ()))
            if winner != loser
        ]
    return found


def models_of_answers(project: Project) -> dict[int, set[str]]:
    sources = CandidateSource.objects.filter(candidate__task__project=project).exclude(model="")
    found: dict[int, set[str]] = {}
    for candidate, model in sources.values_list("candidate_id", "model"):
        found.setdefault(candidate, set()).add(model)
    return found
