"""The pages of evaluations: who sees what, starting, items as models wrote them, bringing files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.access import TRAINER
from accounts.models import User
from evaluation.benchmarks import bringing, task
from evaluation.models import EvaluationRun
from evaluation.run import samples
from evaluation.run.measured import Measured
from evaluation.services import scores
from evaluation.services.places import benchmarks_dir
from evaluation.services.runs import making
from evaluation.services.runs.asking import asked
from tests.conftest import joined

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> \u202e & <b>bold</b>"


@pytest.fixture
def other_trainer(owner: User) -> User:
    person = joined(owner, "other")
    person.groups.add(Group.objects.get_or_create(name=TRAINER)[0])
    return person


def made(owner: User, *, done: bool = True) -> EvaluationRun:
    run = making.create(asked=asked({"model": "tiny", "benchmark": "starter_facts"}), owner=owner)
    if done:
        items = [
            {
                "id": f"facts-{place}",
                "cluster": str(place),
                "prompt": f"{HOSTILE} {place}?",
                "output": HOSTILE,
                "references": [" Paris"],
                "choices": [" Paris", HOSTILE],
                "loglikelihoods": [-1.0, -2.0 + place % 2 * 3],
                "chosen": place % 2,
                "right": 0,
                "values": {"acc_norm": float(place % 2 == 0)},
            }
            for place in range(30)
        ]
        samples.write(run.folder, "starter_facts", items, main="acc_norm")
        number = Measured("starter_facts", "acc_norm", 0.5, 30, "s|v1", 0.3, 0.7, main=True)
        scores.record(run=run, measured=[number], contaminated={"starter_facts": 0.1})
        EvaluationRun.objects.filter(pk=run.pk).update(
            state="done", ended_at=timezone.now(), done_items=30, total_items=30
        )
        run.refresh_from_db()
    return run


def page_of(run: EvaluationRun, name: str = "run", *more: str) -> str:
    return reverse(f"evaluation:{name}", args=[run.pk, *more])


@pytest.mark.usefixtures("ready")
def test_what_is_at_work_stands_in_the_page_head_of_its_owner(
    trainer: User, other_trainer: User, signed_in: Callable[[User], Client]
) -> None:
    """As long as it is at work, with how far it is."""
    run = made(trainer, done=False)
    EvaluationRun.objects.filter(pk=run.pk).update(state="running", done_items=3, total_items=30)
    told = signed_in(trainer).get(reverse("accounts:activity")).content.decode()
    assert "tiny on Facts" in told and "10 %" in told and page_of(run) in told
    assert (
        "tiny on Facts"
        not in signed_in(other_trainer).get(reverse("accounts:activity")).content.decode()
    )
    EvaluationRun.objects.filter(pk=run.pk).update(state="done")
    assert (
        "tiny on Facts" not in signed_in(trainer).get(reverse("accounts:activity")).content.decode()
    )


@pytest.mark.usefixtures("ready")
def test_what_is_done_is_seen_by_trainers_and_changed_by_its_owner_alone(
    trainer: User, other_trainer: User, member: User, signed_in: Callable[[User], Client]
) -> None:
    finished, waiting = made(trainer), made(trainer, done=False)
    theirs, mine, outside = map(signed_in, (other_trainer, trainer, member))
    assert theirs.get(page_of(finished)).status_code == 200
    assert theirs.get(page_of(finished, "samples", "starter_facts")).status_code == 200
    for address in (page_of(waiting), page_of(waiting, "live")):
        assert theirs.get(address).status_code == 404
        assert mine.get(address).status_code == 200
    for name in ("stop", "resume", "remove"):
        assert theirs.post(page_of(finished, name)).status_code == 404
        assert theirs.post(page_of(waiting, name)).status_code == 404
    assert outside.get(reverse("evaluation:runs")).status_code == 404
    mine.post(page_of(waiting, "stop"))
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    mine.post(page_of(finished, "remove"))
    assert not finished.folder.exists()
    assert list(EvaluationRun.objects.all()) == [waiting]


@pytest.mark.usefixtures("ready")
def test_items_are_shown_as_they_were_written_and_narrowed(page: Client, admin: User) -> None:
    run = made(admin)
    told = page.get(page_of(run)).content.decode()
    assert "0.500" in told and "0.300 to 0.700" in told and "10 % of the items" in told
    address = page_of(run, "samples", "starter_facts")
    whole = page.get(address).content.decode()
    assert "<script>alert" not in whole and "&lt;script&gt;alert(1)" in whole
    assert 'id="item-20"' in whole and 'id="item-21"' not in whole
    wrong = page.get(address, {"only": "wrong", "page": "1"}).content.decode()
    assert 'id="item-2"' in wrong and 'id="item-1"' not in wrong
    assert "Chosen, right" not in wrong
    assert page.get(page_of(run, "samples", "nothing")).status_code == 404
    assert page.get(page_of(run, "samples", "../../secret_key")).status_code == 404


@pytest.mark.usefixtures("ready")
def test_every_model_meets_every_benchmark_and_the_estimate_says_what_that_takes(
    page: Client, tasks: list[Any]
) -> None:
    address = reverse("evaluation:new")
    assert page.get(address).status_code == 200
    values: dict[str, Any] = {
        "models": ["tiny"],
        "benchmarks": ["starter_facts", "starter_arithmetic"],
    }
    told = page.post(reverse("evaluation:estimate"), {**values, "limit": "5"}).content.decode()
    assert "2 runs" in told and "10 items" in told and "about 25 requests" in told
    assert not EvaluationRun.objects.exists()
    refused: tuple[tuple[Any, str], ...] = (
        ({"models": ["tiny"]}, "Choose a benchmark"),
        ({"benchmarks": ["starter"]}, "Choose at least one model."),
        ({**values, "models": ["none"]}, "is not one of the available choices"),
        ({**values, "shots": "1000"}, "less than or equal to 100"),
    )
    for wrong, said in refused:
        answer = page.post(address, wrong)
        assert answer.status_code == 422 and said in answer.content.decode()
    assert page.post(address, {**values, "limit": "5"})["Location"] == reverse("evaluation:runs")
    made_of = EvaluationRun.objects.values_list("benchmark", "limit", "total_items")
    assert sorted(made_of) == [("starter_arithmetic", 5, 5), ("starter_facts", 5, 5)]


@pytest.mark.usefixtures("ready")
def test_files_are_brought_whole_or_not_at_all(page: Client) -> None:
    address = reverse("evaluation:task", args=["cola"])
    assert "From the hub" in page.get(reverse("evaluation:benchmarks")).content.decode()

    def bring(text: str) -> Any:
        file = SimpleUploadedFile("dev.tsv", text.encode())
        return page.post(address, {"split": "validation", "files": [file]})

    good = "gj04\t1\t\tThe cat sat.\nbc01\t0\t*\tCat the sat.\n"
    assert bring(good).status_code == 302
    assert bringing.local(task("cola"), benchmarks_dir())["validation"].rows == 2
    refused = bring("gj04\t1\t\tA new one.\nbroken line\n")
    assert refused.status_code == 422
    assert "dev.tsv, line 2: it has 1 columns, but 4 are expected" in refused.content.decode()
    assert bringing.local(task("cola"), benchmarks_dir())["validation"].rows == 2
    page.post(reverse("evaluation:forget", args=["cola", "validation"]))
    assert "validation" not in bringing.local(task("cola"), benchmarks_dir())
    assert not list(Path(benchmarks_dir()).rglob("*.jsonl"))


@pytest.mark.usefixtures("ready")
def test_the_list_follows_itself_and_asks_few_questions(
    page: Client, admin: User, django_assert_max_num_queries: Any
) -> None:
    assert "Nothing was measured yet" in page.get(reverse("evaluation:runs")).content.decode()
    for _ in range(3):
        run = made(admin)
    made(admin, done=False)
    page.get(reverse("evaluation:runs"))
    groups = 25  # a person's rights are read afresh each time
    with django_assert_max_num_queries(groups + 21):
        whole = page.get(reverse("evaluation:runs"))
    mark = whole.context["runs"].mark
    rows = reverse("evaluation:rows")
    assert page.get(rows, headers={"X-Seen": mark}).status_code == 204
    assert page.get(rows, {"q": "nonsense"}).content.decode().count("No evaluation fits") == 1
    live = page_of(run, "live")
    seen = page.get(live).context["mark"]
    assert page.get(live, headers={"X-Seen": seen}).status_code == 204
