"""Claims, drafts, submitting, skipping and undoing, by one person at a time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from feedback.models import Annotation, Assignment, Candidate, Labeler, Project, RankingTask
from feedback.rules.pairs import Ranking
from feedback.services import labeling, projects
from feedback.services.errors import FeedbackError
from feedback.services.labeling import LostClaimError, StaleDraftError
from feedback.services.tasks import NewAnswer, add_task

pytestmark = [pytest.mark.django_db, pytest.mark.both]

FIRST_WINS = Ranking(2, ((0,), (1,)))


@pytest.fixture
def project(owner: User) -> Project:
    return projects.create(owner=owner, name="Greetings")


@pytest.fixture
def task(project: Project) -> RankingTask:
    return new_task(project, 1)


def new_task(project: Project, number: int) -> RankingTask:
    return add_task(
        project=project,
        source=RankingTask.Source.BATCH,
        external_id=str(number),
        messages=[{"role": "user", "content": f"Say hello {number}"}],
        answers=[NewAnswer("Hello", {"model": "a"}), NewAnswer("Hi", {"model": "b"})],
    )


@pytest.fixture
def ada(project: Project, owner: User) -> Labeler:
    return labeling.labeler_of(project=project, user=owner)


@pytest.fixture
def bob(project: Project, member: User) -> Labeler:
    return labeling.labeler_of(project=project, user=member)


def claimed(project: Project, labeler: Labeler) -> Assignment:
    found = labeling.claim_next(project=project, labeler=labeler)
    assert found is not None
    return found


def run_out(assignment: Assignment) -> None:
    before = timezone.now() - timedelta(minutes=1)
    Assignment.objects.filter(pk=assignment.pk).update(expires_at=before)


def test_a_claim_stays_mine_and_nobody_else_gets_the_slot(
    project: Project, task: RankingTask, ada: Labeler, bob: Labeler
) -> None:
    mine = claimed(project, ada)
    assert claimed(project, ada) == mine
    assert sorted(mine.permutation) == [0, 1]
    assert labeling.claim_next(project=project, labeler=bob) is None


def test_overlap_gives_a_task_to_as_many_people_and_no_more(
    project: Project, task: RankingTask, ada: Labeler, bob: Labeler
) -> None:
    RankingTask.objects.update(overlap=2)
    assert {claimed(project, ada).slot, claimed(project, bob).slot} == {0, 1}


def test_a_repeated_post_stores_one_annotation(
    project: Project, task: RankingTask, ada: Labeler
) -> None:
    mine = claimed(project, ada)
    first = labeling.submit(assignment=mine, key="k", ranking=FIRST_WINS)
    assert labeling.submit(assignment=mine, key="k", ranking=FIRST_WINS) == first
    with pytest.raises(FeedbackError, match="This task is done"):
        labeling.submit(assignment=mine, key="other", ranking=FIRST_WINS)
    assert Annotation.objects.count() == 1
    assert labeling.claim_next(project=project, labeler=ada) is None


def test_a_ranking_that_does_not_partition_the_set_is_refused_and_the_claim_stays(
    project: Project, task: RankingTask, ada: Labeler
) -> None:
    mine = claimed(project, ada)
    for wrong in (Ranking(2, ((0,),)), Ranking(3, ((0,), (1,), (2,)))):
        with pytest.raises(FeedbackError):
            labeling.submit(assignment=mine, key="k", ranking=wrong)
    assert not Annotation.objects.exists()
    assert claimed(project, ada).state == Assignment.State.CLAIMED


def test_a_stale_draft_never_replaces_a_newer_one(
    project: Project, task: RankingTask, ada: Labeler
) -> None:
    mine = claimed(project, ada)
    labeling.save_draft(assignment=mine, draft={"comment": "new"}, revision=0)
    with pytest.raises(StaleDraftError) as refused:
        labeling.save_draft(assignment=mine, draft={"comment": "old"}, revision=0)
    assert refused.value.assignment.draft == {"comment": "new"}
    assert refused.value.assignment.draft_revision == 1


def test_an_expired_claim_goes_to_others_and_comes_back_with_its_draft(
    project: Project, task: RankingTask, ada: Labeler, bob: Labeler
) -> None:
    mine = claimed(project, ada)
    labeling.save_draft(assignment=mine, draft={"comment": "kept"}, revision=0)
    run_out(mine)
    theirs = claimed(project, bob)
    with pytest.raises(LostClaimError, match="What you wrote is kept"):
        labeling.submit(assignment=mine, key="late", ranking=FIRST_WINS)
    labeling.skip(assignment=theirs, reason="I don't know")
    again = claimed(project, ada)
    assert (again.pk, again.draft) == (mine.pk, {"comment": "kept"})


def test_late_work_counts_while_the_slot_is_still_free(
    project: Project, task: RankingTask, ada: Labeler
) -> None:
    mine = claimed(project, ada)
    run_out(mine)
    labeling.release_expired(project=project)
    assert labeling.submit(assignment=mine, key="k", ranking=FIRST_WINS).revision == 1


def test_undo_withdraws_in_a_new_revision_and_the_next_one_counts(
    project: Project, task: RankingTask, ada: Labeler
) -> None:
    mine = claimed(project, ada)
    labeling.submit(assignment=mine, key="1", ranking=FIRST_WINS)
    again = labeling.undo(assignment=mine, key="2")
    assert again.state == Assignment.State.DRAFT
    assert not Annotation.objects.current().exists()
    labeling.submit(assignment=again, key="3", ranking=Ranking(2, ((1,), (0,))))
    [counts] = Annotation.objects.current()
    assert (counts.revision, counts.tiers) == (3, [[1], [0]])
    assert Annotation.objects.count() == 3


def test_a_skipped_task_can_be_taken_back_until_somebody_else_has_it(
    project: Project, task: RankingTask, ada: Labeler, bob: Labeler
) -> None:
    mine = claimed(project, ada)
    labeling.skip(assignment=mine, reason="Not my language")
    assert labeling.undo(assignment=mine, key="x").state == Assignment.State.CLAIMED
    labeling.skip(assignment=mine, reason="Not my language")
    claimed(project, bob)
    with pytest.raises(LostClaimError, match="Somebody else"):
        labeling.undo(assignment=mine, key="y")


def test_nobody_ranks_their_own_text(
    project: Project, task: RankingTask, ada: Labeler, bob: Labeler
) -> None:
    Candidate.objects.filter(text="Hi").update(author=ada)
    assert labeling.claim_next(project=project, labeler=ada) is None
    assert claimed(project, bob).task == task


def test_equal_answers_become_one_candidate_with_two_sources(project: Project) -> None:
    same = [NewAnswer("Hi", {"model": "a"}), NewAnswer("Hi", {"model": "b"}), NewAnswer("No")]
    task = add_task(
        project=project,
        source=RankingTask.Source.BATCH,
        external_id="x",
        messages=[{"role": "user", "content": "Hello"}],
        answers=same,
    )
    assert task.current_set.size == 2
    assert [c.sources.count() for c in task.candidates.all()] == [2, 1]
    with pytest.raises(FeedbackError, match="in the project already"):
        add_task(
            project=project,
            source=RankingTask.Source.BATCH,
            external_id="x",
            messages=task.messages,
            answers=same,
        )


def test_a_claim_that_ran_out_goes_back_though_nobody_asks_for_a_task(
    project: Project, task: RankingTask, ada: Labeler
) -> None:
    mine = claimed(project, ada)
    assert labeling.release_all_expired() == 0
    run_out(mine)
    assert labeling.release_all_expired() == 1
    mine.refresh_from_db()
    assert mine.state == Assignment.State.EXPIRED
