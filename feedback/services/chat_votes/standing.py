"""The votes that count now, by the messages they are about."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from accounts.models import User
from feedback.models import Annotation, Candidate, CandidateSource, RankingTask
from feedback.models.annotation import AnnotationQuerySet
from feedback.models.task import RankingTaskQuerySet
from feedback.rules import texts
from feedback.services.chat_votes.project import site_wide
from feedback.services.voiding import parts


@dataclass(frozen=True)
class Standing:
    """A vote that counts now. `hashes` are those of the answers' texts, by their place."""

    name: str
    hashes: list[str]
    annotation: Annotation

    def is_about(self, answers: Sequence[str]) -> bool:
        """Whether these are the answers that were voted on, as they were then."""
        return self.hashes == [texts.sha256(answer) for answer in answers]


def standing(*, user: User, messages: Collection[int]) -> list[Standing]:
    """The person's votes on these messages that count now."""
    mine: list[Annotation] = []
    for tasks in tasks_about(messages):
        votes = votes_on(tasks).filter(labeler__user=user)
        mine += votes.select_related("task", "candidate_set", "edit")
    keys = {key for vote in mine for key in vote.candidate_set.candidates}
    hashes = dict(Candidate.objects.filter(pk__in=keys).values_list("pk", "text_hash"))
    return [as_standing(vote, hashes) for vote in {vote.pk: vote for vote in mine}.values()]


def as_standing(vote: Annotation, hashes: dict[int, str]) -> Standing:
    name = vote.task.external_id.rpartition("/")[0]
    return Standing(name, [hashes[key] for key in vote.candidate_set.candidates], vote)


def tasks_about(messages: Collection[int]) -> list[RankingTaskQuerySet]:
    """Tasks with an answer that is one of these messages, in as many parts as a query allows."""
    return [
        RankingTask.objects.filter(
            project__in=site_wide(),
            pk__in=CandidateSource.objects.filter(message__in=some).values("candidate__task"),
        )
        for some in parts(sorted(messages))
    ]


def votes_on(tasks: RankingTaskQuerySet) -> AnnotationQuerySet:
    return Annotation.objects.filter(task__in=tasks, source=Annotation.Source.CHAT).current()
