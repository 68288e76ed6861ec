"""Which of a task's rankings count, and why the others do not. Whatever gives no training data is
named by one of these reasons, in the report, on the pairs page and beside every revision."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from feedback.models import Annotation, CandidateSet, Labeler, RankingTask
from feedback.services.snapshots.recipe import Recipe

WITHDRAWN = "the task was withdrawn"
GOLD = "gold task"
AI = "ranked by a model"
RULE = "ranked by a rule"
SOURCE = "from a source that was left out"
OWN_TEXT = "ranked an answer of their own"
OLD_SET = "ranked an older version of the candidates"
OVERRULED = "overruled by an adjudication"
BESIDE_PEOPLE = "ranked by a model where people have ranked"
RULE_BESIDE_PEOPLE = "ranked by a rule where people have ranked"

VOIDED = "voided"
UNDONE = "undone"
SUPERSEDED = "replaced by a newer revision"
REPEAT = "a repeat, asked only to measure how steady a labeler is"
PAST = (VOIDED, UNDONE, SUPERSEDED, REPEAT)


@dataclass(frozen=True)
class Facts:
    """What counting needs to know of a task: its newest set, and the answers each labeler wrote."""

    task: RankingTask
    newest_set: CandidateSet
    written_by: Mapping[int, set[int]]


def left_out(facts: Facts, found: Sequence[Annotation], recipe: Recipe) -> dict[int, str]:
    """The reason for each of the current annotations of one task that does not count."""
    reasons = {a.pk: reason for a in found if (reason := fault(facts, a, recipe))}
    for narrower in (overruled, beside_people):
        rest = [a for a in found if a.pk not in reasons]
        reasons |= narrower(rest)
    return reasons


def fault(facts: Facts, annotation: Annotation, recipe: Recipe) -> str:
    """Why this annotation would not count even if it were alone; empty where it would."""
    broken: dict[str, Callable[[], bool]] = {
        WITHDRAWN: lambda: facts.task.withdrawn_at is not None,
        GOLD: lambda: facts.task.gold is not None,
        AI: lambda: is_ai(annotation) and not recipe.include_ai,
        RULE: lambda: is_rule(annotation) and not recipe.include_ai,
        SOURCE: lambda: annotation.source not in recipe.sources,
        OLD_SET: lambda: annotation.candidate_set_id != facts.newest_set.pk,
        OWN_TEXT: lambda: wrote_one(facts, annotation),
    }
    return next((reason for reason, holds in broken.items() if holds()), "")


def is_ai(annotation: Annotation) -> bool:
    return annotation.labeler.kind == Labeler.Kind.AI


def is_rule(annotation: Annotation) -> bool:
    return annotation.labeler.kind == Labeler.Kind.RULE


def is_machine(annotation: Annotation) -> bool:
    return annotation.labeler.kind in Labeler.MACHINES


def wrote_one(facts: Facts, annotation: Annotation) -> bool:
    ranked = annotation.candidate_set.candidates
    return not facts.written_by.get(annotation.labeler_id, set()).isdisjoint(ranked)


def overruled(found: Sequence[Annotation]) -> dict[int, str]:
    """All but the adjudications, where there is one."""
    return all_but(
        [a for a in found if a.source == Annotation.Source.ADJUDICATION], found, OVERRULED
    )


def beside_people(found: Sequence[Annotation]) -> dict[int, str]:
    machines = [a for a in found if is_machine(a)]
    if len(machines) == len(found):
        return {}
    return {a.pk: RULE_BESIDE_PEOPLE if is_rule(a) else BESIDE_PEOPLE for a in machines}


def all_but(kept: Sequence[Annotation], found: Sequence[Annotation], reason: str) -> dict[int, str]:
    return {a.pk: reason for a in found if a not in kept} if kept else {}


def history(revisions: Iterable[Annotation]) -> dict[int, str]:
    """Why each revision is not among the current ones, by annotation; empty where it is.

    All revisions of the tasks concerned are wanted: what became of one shows in the next.
    """
    chains: dict[tuple[int, int, bool], list[Annotation]] = {}
    for one in sorted(revisions, key=lambda revision: revision.revision):
        chains.setdefault((one.task_id, one.labeler_id, one.repeat), []).append(one)
    return {
        one.pk: past(one, later)
        for chain in chains.values()
        for one, later in zip(chain, [*chain[1:], None], strict=True)
    }


def past(one: Annotation, later: Annotation | None) -> str:
    if one.voided_at is not None:
        return VOIDED
    if one.withdrawn or (later is not None and later.withdrawn):
        return UNDONE
    if later is not None:
        return SUPERSEDED
    return REPEAT if one.repeat else ""
