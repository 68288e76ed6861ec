"""A declared rule ranks a project's tasks; nobody can take its rankings for people's."""

from collections.abc import Sequence

from django.db import transaction

from feedback.models import Annotation, Candidate, CandidateSet, Labeler, Project, RankingTask
from feedback.rules.declared import Rule, Said

CUT = "length"
BATCH = 500


@transaction.atomic
def rank_by_rule(*, project: Project, rule: Rule) -> Labeler:
    """Rank every open task of the project that this rule has not ranked yet, as one labeler.

    Whether an answer ended is what its source says; one that came from elsewhere counts as ended.
    Once more changes nothing.
    """
    labeler, _ = Labeler.objects.get_or_create(
        project=project, kind=Labeler.Kind.RULE, user=None, name=rule.labeler
    )
    known = Annotation.objects.filter(labeler=labeler).values("task")
    tasks = list(project.tasks.open().exclude(pk__in=known))
    newest = newest_sets(tasks)
    said = said_by({key for one in newest.values() for key in one.candidates})
    rows = [
        annotation(task, newest[task.pk], labeler, rule, said)
        for task in tasks
        if task.pk in newest and newest[task.pk].size > 1
    ]
    Annotation.objects.bulk_create(rows, BATCH)
    return labeler


def newest_sets(tasks: Sequence[RankingTask]) -> dict[int, CandidateSet]:
    found = CandidateSet.objects.filter(task__in=tasks).order_by("task", "version")
    return {one.task_id: one for one in found}


def said_by(keys: set[int]) -> dict[int, Said]:
    """The same text may have come several times: it counts as ended where it ended once."""
    found = Candidate.objects.filter(pk__in=keys).prefetch_related("sources")
    return {
        one.pk: Said(one.text, any(each.finish_reason != CUT for each in one.sources.all()))
        for one in found
    }


def annotation(
    task: RankingTask, ranked: CandidateSet, labeler: Labeler, rule: Rule, said: dict[int, Said]
) -> Annotation:
    ranking = rule.ranking([said[key] for key in ranked.candidates])
    return Annotation(
        key=f"rule:{task.pk}:{labeler.pk}",
        task=task,
        labeler=labeler,
        candidate_set=ranked,
        guidelines=task.guidelines,
        source=Annotation.Source.RULE,
        tiers=[list(tier) for tier in ranking.tiers],
        unranked=list(ranking.unranked),
        unacceptable=sorted(ranking.unacceptable),
        all_bad=ranking.all_bad,
    )
