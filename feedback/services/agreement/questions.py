"""Agreement on the ratings beside a ranking: how helpful, honest and harmless each answer is."""

from collections.abc import Sequence

import numpy as np

from feedback.measures.judgements import summed
from feedback.measures.krippendorff import alpha_of, coincidences
from feedback.services.agreement.measuring import Measured, of_sums
from feedback.services.agreement.saying import Said

Rating = tuple[int, str, int]
"""The candidate set, the place in it, and what it was rated."""


def by_question(said: Sequence[Said]) -> dict[str, Measured]:
    """Ordinal alpha of each quality that was rated; n counts answers rated by two or more."""
    return {name: ordinal(ratings) for name, ratings in sorted(rated(said).items())}


def rated(said: Sequence[Said]) -> dict[str, list[Rating]]:
    found: dict[str, list[Rating]] = {}
    for one in said:
        for place, qualities in one.ratings.items():
            for name, value in qualities.items():
                found.setdefault(name, []).append((one.candidate_set, place, value))
    return found


def ordinal(ratings: Sequence[Rating]) -> Measured:
    answers = {key: row for row, key in enumerate(sorted({(s, place) for s, place, _ in ratings}))}
    values, codes = np.unique([value for _, _, value in ratings], return_inverse=True)
    counts = np.zeros((len(answers), len(values)))
    rows = np.array([answers[s, place] for s, place, _ in ratings])
    np.add.at(counts, (rows, codes), 1)
    sets = np.unique([s for s, _ in answers], return_inverse=True)[1]
    twice = counts.sum(axis=1) > 1
    tasks = np.unique(sets[twice], return_inverse=True)[1]
    parts = summed(coincidences(counts[twice]), tasks, tasks.max(initial=-1) + 1)
    return of_sums(parts, lambda sums: alpha_of(sums, "ordinal"), int(twice.sum()))
