"""A file of rankings becomes tasks, candidates and annotations: all of it or nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from feedback.models import Annotation, Candidate, CandidateSource, Project, RankingTask
from feedback.services import projects
from feedback.services.errors import FeedbackError
from feedback.services.imports import import_preferences

pytestmark = [pytest.mark.django_db, pytest.mark.both]

GOOD: dict[str, Any] = {
    "task": "greeting",
    "prompt": "Say hello",
    "candidates": [{"text": "Hello", "model": "small"}, {"text": "No"}, {"text": "Hi"}],
    "annotator": "ada",
    "tiers": [[0], [2], [1]],
}


@pytest.fixture
def project() -> Project:
    return projects.create(owner=None, name="Greetings", guidelines="Prefer the kind one.")


def file_of(folder: Path, *rows: Any, name: str = "rows.jsonl") -> Path:
    path = folder / name
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines))
    return path


def bring(project: Project, path: Path) -> Any:
    return import_preferences(project=project, path=path, format_name="annotations")


def test_rankings_of_one_task_meet_whatever_order_the_answers_come_in(
    project: Project, tmp_path: Path
) -> None:
    turned = GOOD | {
        "annotator": "bob",
        "candidates": [{"text": "Hi"}, {"text": "Hello"}, {"text": "No"}],
        "tiers": [[1], [0], [2]],
        "flags": {"2": ["refusal"]},
    }
    done = bring(project, file_of(tmp_path, GOOD, turned))
    assert (done.tasks, done.annotations, done.refused) == (1, 2, {})
    ada, bob = Annotation.objects.order_by("pk")
    assert ada.tiers == bob.tiers
    assert bob.flags == {"1": ["refusal"]}
    assert RankingTask.objects.get().guidelines == project.latest_guidelines
    assert list(CandidateSource.objects.values_list("model", flat=True)) == ["small", "", ""]


def test_bad_rows_are_kept_with_their_fault_and_the_good_ones_come_in(
    project: Project, tmp_path: Path
) -> None:
    other_prompt = GOOD | {"annotator": "bob", "prompt": "Say goodbye"}
    other_answers = GOOD | {"annotator": "bob", "candidates": [{"text": t} for t in "abc"]}
    done = bring(project, file_of(tmp_path, GOOD, GOOD, other_prompt, other_answers, "{\x00"))
    assert (done.tasks, done.annotations) == (1, 1)
    assert done.refused == {
        "this person has ranked this task already": 1,
        "the task is known with another prompt": 1,
        "the task is known with other candidates": 1,
        "the row is not JSON": 1,
    }
    kept = list(done.quarantine.values_list("number", "raw"))
    assert kept[0] == (2, json.dumps(GOOD))
    assert kept[3] == (5, "{\ufffd")


def test_a_later_file_adds_people_to_the_tasks_of_an_earlier_one(
    project: Project, tmp_path: Path
) -> None:
    bring(project, file_of(tmp_path, GOOD))
    later = file_of(tmp_path, GOOD, GOOD | {"annotator": "bob"}, name="later.jsonl")
    done = bring(project, later)
    assert done.refused == {"this person has ranked this task already": 1}
    assert RankingTask.objects.count() == 1
    assert Candidate.objects.count() == 3
    assert Annotation.objects.current().count() == 2


def test_the_same_file_is_not_read_twice_and_nothing_is_doubled(
    project: Project, tmp_path: Path
) -> None:
    path = file_of(tmp_path, GOOD)
    bring(project, path)
    with pytest.raises(FeedbackError, match="imported into Greetings before"):
        bring(project, path)
    assert Annotation.objects.count() == 1


def test_a_file_that_breaks_in_the_middle_leaves_nothing_behind(
    project: Project, tmp_path: Path
) -> None:
    broken = tmp_path / "rows.jsonl.gz"
    broken.write_bytes(b"\x1f\x8b\x08\x00" + b"\x00" * 20)
    for path, words in ((broken, "cannot be read"), (tmp_path / "gone", "No such file")):
        with pytest.raises(FeedbackError, match=words):
            bring(project, path)
    assert not project.imports.exists()
    assert not RankingTask.objects.exists()


def test_a_taken_or_empty_name_is_refused(project: Project) -> None:
    with pytest.raises(FeedbackError, match="already"):
        projects.create(owner=None, name="Greetings")
    with pytest.raises(FeedbackError, match="letters or digits"):
        projects.create(owner=None, name="…")
    with pytest.raises(FeedbackError, match="Did you mean 'greetings'"):
        projects.named("greeting")


def test_guidelines_and_candidates_never_change(project: Project, tmp_path: Path) -> None:
    bring(project, file_of(tmp_path, GOOD))
    for row in (project.latest_guidelines, Candidate.objects.first()):
        assert row is not None
        with pytest.raises(TypeError, match="never change"):
            row.save()
