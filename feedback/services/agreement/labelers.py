"""How each labeler of a project ranks, beside all people of it. Shown, never a ban."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

import numpy as np
from django.db.models import Count
from django.utils import timezone

from feedback.measures.intervals import Interval, Share, percentiles
from feedback.measures.judgements import against_the_others
from feedback.measures.kappa import cohen_of
from feedback.models import Annotation, Assignment, Labeler, Project
from feedback.services.agreement.cached import kept
from feedback.services.agreement.known import (
    ExpectedPairs,
    expected_pairs,
    flips,
    gold_right,
    words_of_sets,
)
from feedback.services.agreement.measuring import Matrix, Measured, cohen_tables, mean_known
from feedback.services.agreement.saying import Said, first_shown_wins, judged, said_by, voices


@dataclass(frozen=True)
class Habits:
    """What somebody's rankings are like. `pace`: median seconds per 100 words read, prompt and
    answers together (words are told apart by spaces, for there is no tokenizer here); `gold`: gold
    tasks in which no expected pair is ranked otherwise; `flips`: pairs decided twice whose winner
    changed; `ties`: of all judged pairs; `bias`: how often the answer shown first won.
    """

    rankings: int
    agreement: Measured
    gold: Share
    flips: Share
    pace: float | None
    ties: Share
    skips: Share
    all_bad: Share
    bias: Share
    days: dict[date, int]
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Row:
    labeler: Labeler
    habits: Habits


@dataclass(frozen=True)
class Roster:
    """Everybody by kind (people, then models), and all people together."""

    people: list[Row]
    models: list[Row]
    project: Habits

    def of(self, labeler: Labeler) -> Habits | None:
        rows = [*self.people, *self.models]
        return next((row.habits for row in rows if row.labeler.pk == labeler.pk), None)


@dataclass(frozen=True)
class Material:
    """What habits are computed from, for some labelers."""

    said: Sequence[Said]
    gold: Sequence[Said]
    repeats: Sequence[Said]
    skipped: int


def roster(project: Project) -> Roster:
    return kept(project, "labelers", lambda: read(project))


def read(project: Project) -> Roster:
    everyone = voices(project)
    repeats = said_by(Annotation.objects.of(project).repeats())
    expected = expected_pairs(everyone.gold)
    words = words_of_sets(project, [*everyone.said, *everyone.gold])
    skipped = skips(project)
    shown = [pk for pk, one in everyone.labelers.items() if one.kind != Labeler.Kind.ADJUDICATOR]
    people = {pk for pk in shown if everyone.labelers[pk].kind in Labeler.PEOPLE}
    agreements = agreement_with_others(everyone.said, sorted(shown), people)

    def habits(keys: set[int], agreement: Measured) -> Habits:
        material = Material(
            [one for one in everyone.said if one.labeler in keys],
            [one for one in everyone.gold if one.labeler in keys],
            [one for one in repeats if one.labeler in keys],
            sum(skipped.get(key, 0) for key in keys),
        )
        return habits_of(material, agreement, expected, words)

    rows = [Row(everyone.labelers[pk], habits({pk}, agreements[pk])) for pk in shown]
    rows.sort(key=lambda row: (-row.habits.rankings, row.labeler.name))
    return Roster(
        [row for row in rows if row.labeler.pk in people],
        [row for row in rows if row.labeler.pk not in people],
        habits(people, agreements[0]),
    )


def habits_of(
    material: Material, agreement: Measured, expected: ExpectedPairs, words: dict[int, int]
) -> Habits:
    said = [*material.said, *material.gold]
    times = [one.at for one in said]
    return Habits(
        rankings=len(said),
        agreement=agreement,
        gold=gold_right(material.gold, expected),
        flips=flips(material.said, material.repeats),
        pace=pace(said, words),
        ties=ties(said),
        skips=Share(material.skipped, material.skipped + len(said)),
        all_bad=Share(sum(one.ranking.all_bad for one in said), len(said)),
        bias=Share(*first_shown_wins(said)),
        days=dict(Counter(timezone.localdate(at) for at in times)),
        first=min(times, default=None),
        last=max(times, default=None),
    )


def skips(project: Project) -> dict[int, int]:
    skipped = Assignment.objects.filter(
        task__project=project, state=Assignment.State.SKIPPED
    ).order_by()
    return dict(skipped.values_list("labeler").annotate(count=Count("pk")))


def ties(said: Iterable[Said]) -> Share:
    values = Counter(value == 0 for one in said for value in one.outcomes.values())
    return Share(values[True], values.total())


def pace(said: Iterable[Said], words: dict[int, int]) -> float | None:
    """Median seconds of activity per 100 words."""
    timed = [(one.active_ms, words.get(one.candidate_set, 0)) for one in said if one.active_ms]
    found = [ms / 1000 / (read / 100) for ms, read in timed if read]
    return median(found) if found else None


def agreement_with_others(
    said: Sequence[Said], shown: list[int], people: set[int]
) -> dict[int, Measured]:
    """Cohen's kappa of each labeler with the vote of the other people; under 0 their mean.

    n counts the pairs of answers on which the others' vote is clear.
    """
    judgements = judged(said, shown)
    voters = np.array([pk in people for pk in shown], dtype=bool)
    met = against_the_others(judgements, voters)
    tables = cohen_tables(met, judgements)
    sums, drawn = tables.summed(), cohen_of(tables.drawn())
    numbers = [shown[a] for a, _ in tables.pairs]
    found = dict.fromkeys([0, *shown], Measured())
    for place, pk in enumerate(numbers):
        value = float(cohen_of(sums[place]))
        known = None if np.isnan(value) else value
        found[pk] = Measured(known, interval(drawn[:, place]), int(sums[place].sum()))
    places = [place for place, pk in enumerate(numbers) if pk in people]
    return found | {0: together([found[numbers[p]] for p in places], drawn[:, places])}


def together(found: Sequence[Measured], rounds: Matrix) -> Measured:
    """The mean over people whose own is defined."""
    known = [one.value for one in found if one.value is not None]
    if not known:
        return Measured()
    n = sum(one.n for one in found)
    return Measured(float(np.mean(known)), interval(mean_known(rounds)), n)


def interval(rounds: Matrix) -> Interval | None:
    return percentiles(rounds) if len(rounds) else None
