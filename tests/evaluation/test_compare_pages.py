"""Pages that hold models against each other, and the one that takes a file of outputs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from evaluation.models import EvaluationRun, Score, System
from evaluation.run import samples
from evaluation.run.measured import Measured
from evaluation.services import scores
from tests.evaluation.test_board_pages import page
from training.models import ModelVersion

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def client(owner: User, signed_in: SignedIn) -> Client:
    return signed_in(owner)


def measured(
    owner: User, name: str, right: int, parent: ModelVersion | None = None
) -> ModelVersion:
    """`right` of 40 items of each of two tasks; the second task's all."""
    version = ModelVersion.objects.create(
        name=name, kind="base" if parent is None else "adapter", source="run", parent=parent
    )
    run = EvaluationRun.objects.create(
        owner=owner, name=name, model=version, subject=f"model:{version.pk}", state="done",
        matter="benchmark:pack@1", benchmark="pack", convention="0",
    )  # fmt: skip
    numbers = []
    for task, count in (("quiz", right), ("sums", 40)):
        samples.write(run.folder, task, (item(k, k < count, name) for k in range(40)), main="acc")
        numbers.append(Measured(task, "acc", count / 40, 40, "acc|s", main=True))
    scores.record(run=run, measured=numbers)
    return version


def item(place: int, right: bool, name: str) -> dict[str, Any]:
    return {
        "id": f"item-{place}", "cluster": f"item-{place}", "prompt": f"<u>Question {place}",
        "output": f"{name} says <script>{place}", "references": [f"right {place}"],
        "values": {"acc": float(right)},
    }  # fmt: skip


def test_two_models_are_compared_with_their_items_side_by_side(client: Client, owner: User) -> None:
    measured(owner, "good", 36)
    measured(owner, "bad", 8)
    address = "/evaluation/compare/?benchmark=pack&a=good&b=bad"
    found = page(client, address)
    assert "good is better by 0.700 (p &lt; 0.001)" in found
    assert "They can&#x27;t be told apart" in found
    for words in ("28", "good says &lt;script&gt;", "bad says", "right 8", "Page 1 of 2"):
        assert words in found
    assert "<script>8" not in found and "<u>Question" not in found
    assert "There are no such items" in page(client, f"{address}&only=lost")
    assert "28 items" in page(client, f"{address}&only=won")


def test_what_cannot_be_compared_is_told_on_the_page(client: Client, owner: User) -> None:
    assert "Nothing to compare yet" in page(client, "/evaluation/compare/")
    measured(owner, "good", 36)
    measured(owner, "bad", 8)
    assert "Choose two models" in page(client, "/evaluation/compare/")
    found = page(client, "/evaluation/compare/?benchmark=pack&a=good&b=god")
    assert "Did you mean &#x27;good&#x27;?" in found


def test_a_stranger_compares_nothing_that_is_not_shared(
    owner: User, member: User, signed_in: SignedIn
) -> None:
    measured(owner, "good", 36)
    measured(owner, "bad", 8)
    found = page(signed_in(member), "/evaluation/compare/?benchmark=pack&a=good&b=bad")
    assert "Nothing was measured on &#x27;pack&#x27;" in found and "says" not in found
    assert "Nothing to hold" in page(signed_in(member), "/evaluation/forgetting/")


def test_a_tuned_model_stands_against_its_parent(client: Client, owner: User) -> None:
    assert "Nothing to hold" in page(client, "/evaluation/forgetting/")
    parent = measured(owner, "parent", 36)
    measured(owner, "parent:tuned", 8, parent)
    found = page(client, "/evaluation/forgetting/")
    assert "−0.700" in found and "worse" in found and "parent:tuned" in found
    assert "−0.350" in found  # the mean of −0.7 and 0


def upload(client: Client, text: str, name: str = "outputs.csv", **more: Any) -> Any:
    file = SimpleUploadedFile(name, text.encode())
    given = {"file": file, "metrics": ["exact_match", "rouge"], **more}
    return client.post("/evaluation/outputs/", given)


def test_a_file_is_scored_on_the_page_and_refused_rows_are_told(client: Client) -> None:
    text = "id,reference,mine,<b>theirs\n1,yes,yes,no\n2,,yes,no\n3,no,no,no\n4,ok,,no\n"
    answer = upload(client, text)
    found = " ".join(answer.content.decode().split())
    assert answer.status_code == 200
    assert "3 rows scored against reference" in found and "Row 2: reference is empty" in found
    assert "1 output of mine is empty" in found and "0.667" in found
    assert "&lt;b&gt;theirs" in found and "<b>theirs" not in found
    assert not Score.objects.exists()


def test_what_is_saved_is_the_persons_own(client: Client, owner: User) -> None:
    assert (
        "on the leaderboard" in upload(client, "target,a\nx,x\ny,z\n", save="mine").content.decode()
    )
    run = EvaluationRun.objects.get()
    assert (run.owner, run.shared, run.subject_name) == (owner, False, "a")
    assert "file:mine" in page(client, "/evaluation/?benchmark=file:mine")


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        ("a,b\nx,y\n", {}, "Name the column that holds the reference"),
        ("reference,a\nx,y\n", {"systems": "b"}, "There is no column &#x27;b&#x27;"),
        ("reference,a\nx,\ny,\n", {}, "Every output of a is empty"),
        ("reference,a\nx,y\n", {"metrics": []}, "This field is required"),
        ("", {}, "The submitted file is empty"),
        ("reference,a\nx,y\n", {"metrics": ["pearson"]}, "is not a number"),
        ("reference,a\nx,y\n", {"save": "f", "systems": "a=taken"}, "somebody else"),
    ],
)
def test_a_file_that_cannot_be_scored_is_told_and_nothing_is_kept(
    client: Client, member: User, text: str, more: dict[str, Any], told: str
) -> None:
    System.objects.create(name="taken", owner=member)
    answer = upload(client, text, **more)
    assert answer.status_code == 422 and told in answer.content.decode()
    assert not EvaluationRun.objects.exists()


def test_an_archive_or_a_broken_file_is_refused(client: Client) -> None:
    assert "It is an archive" in upload(client, "PK\x03\x04abc").content.decode()
    lines = json.dumps({"reference": "a", "b": "a"}) + "\n{broken\n"
    found = upload(client, lines, "outputs.jsonl").content.decode()
    assert "Row 2: the row is not JSON" in found
