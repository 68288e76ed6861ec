"""What the agreement page shows of a project, for one choice of labelers and tasks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feedback.measures.judgements import Judgements, meetings
from feedback.measures.kappa import cohen_of
from feedback.measures.position import Bias
from feedback.models import Labeler, Project
from feedback.services.agreement.cached import kept
from feedback.services.agreement.measuring import (
    Agreement,
    Measured,
    Tables,
    cohen_tables,
    mean_cohen,
    measured,
)
from feedback.services.agreement.over_time import SPANS, Span
from feedback.services.agreement.questions import by_question
from feedback.services.agreement.saying import (
    Said,
    Voices,
    first_shown_wins,
    judged,
    people_of,
    voices,
)

WHO: dict[str, Sequence[str]] = {
    "people": Labeler.PEOPLE,
    "pages": (Labeler.Kind.HUMAN,),
    "files": (Labeler.Kind.IMPORTED,),
    "models": Labeler.MACHINES,
}
MOST_PEOPLE = 30


@dataclass(frozen=True)
class Choice:
    """Whose rankings, of which tasks, and how time is cut."""

    who: str = "people"
    uniform: bool = False
    by: str = "week"


@dataclass(frozen=True)
class Matrix:
    """Cohen's kappa and shared units of every two people; the busiest where they are many."""

    names: list[str]
    kappas: dict[tuple[int, int], tuple[float | None, int]]
    left_out: int = 0


@dataclass(frozen=True)
class Findings:
    agreement: Agreement
    spans: list[Span]
    matrix: Matrix
    questions: dict[str, Measured]
    models: dict[str, Measured]
    bias: Bias
    kinds: frozenset[str]


def findings(*, project: Project, choice: Choice) -> Findings:
    name = f"agreement-{choice.who}-{choice.uniform}-{choice.by}"
    return kept(project, name, lambda: found(voices(project), choice))


def found(everyone: Voices, choice: Choice) -> Findings:
    kinds = {everyone.labelers[one.labeler].kind for one in everyone.said}
    heard = everyone.where(lambda one: one.uniform) if choice.uniform else everyone
    said = heard.of_kinds(WHO[choice.who]).said
    return Findings(
        agreement=measured(said),
        spans=SPANS[choice.by](said),
        matrix=matrix(said, heard.labelers),
        questions=by_question(said),
        models=people_and_models(heard),
        bias=first_shown_wins(said),
        kinds=frozenset(kinds),
    )


def matrix(said: Sequence[Said], labelers: dict[int, Labeler]) -> Matrix:
    counts: dict[int, int] = {}
    for one in said:
        counts[one.labeler] = counts.get(one.labeler, 0) + 1
    busiest = sorted(counts, key=lambda pk: (-counts[pk], pk))[:MOST_PEOPLE]
    people = sorted(busiest, key=lambda pk: labelers[pk].name)
    tables = tables_of([one for one in said if one.labeler in set(people)], people)
    sums = tables.summed()
    kappas = {
        pair: (None if np.isnan(kappa) else float(kappa), int(cells.sum()))
        for pair, kappa, cells in zip(tables.pairs, cohen_of(sums), sums, strict=True)
    }
    return Matrix([labelers[pk].name for pk in people], kappas, len(counts) - len(people))


def tables_of(said: Sequence[Said], people: Sequence[int]) -> Tables:
    judgements: Judgements = judged(said, people)
    return cohen_tables(meetings(judgements), judgements)


def people_and_models(heard: Voices) -> dict[str, Measured]:
    """The mean of Cohen's kappa of each model with every person, by the model's name."""
    people = heard.of_kinds(Labeler.PEOPLE).said
    models = heard.of_kinds(WHO["models"]).said
    return {
        heard.labelers[pk].name: with_people([one for one in models if one.labeler == pk], people)
        for pk in people_of(models)
    }


def with_people(model: Sequence[Said], people: Sequence[Said]) -> Measured:
    """Pairs of the model (numbered 0) with a person; what people said to each other is left out."""
    numbers = [model[0].labeler, *people_of(people)]
    tables = tables_of([*model, *people], numbers)
    mixed = [place for place, pair in enumerate(tables.pairs) if 0 in pair]
    cells = [place * 9 + k for place in mixed for k in range(9)]
    return mean_cohen(Tables([tables.pairs[place] for place in mixed], tables.cells[:, cells]))
