"""The pages of runs: what they tell in words, what one does there, and to whom they are closed."""

import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from accounts.models import User
from tests.conftest import joined
from tests.training.run_rows import a_run
from training import urls_runs
from training.models import Job, TrainingJob

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
PARAMETER = re.compile(r"<\w+:(\w+)>")


def text(client: Client, address: str, status: int = 200, **more: Any) -> str:
    """Without the spaces that nobody sees."""
    answer = client.get(address, **more)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def follows(page: str) -> tuple[str, dict[str, str]]:
    """The address of the page's moving part, and what the page says that it has seen."""
    found = re.search(r'hx-get="(/training/r[^"]+)" hx-headers=\'([^\']+)\'', page)
    assert found
    return found[1], json.loads(found[2])


@pytest.fixture
def mine(trainer: User, signed_in: SignedIn) -> Client:
    return signed_in(trainer)


def test_without_a_run_the_page_says_what_one_is(mine: Client) -> None:
    page = text(mine, "/training/")
    assert "There is no run yet" in page
    assert 'href="/training/datasets/"' in page


def test_the_list_has_what_runs_what_waits_in_order_and_what_ended(
    mine: Client, trainer: User
) -> None:
    now = timezone.now()
    soon = now + timedelta(minutes=4, seconds=2)
    a_run(trainer, "late")
    a_run(trainer, "soon", priority=5)
    a_run(
        trainer,
        "busy",
        state="running",
        step=20,
        steps=100,
        measures={"held_out_loss": 1.5},
        expected_at=soon,
        started_at=now,
    )
    a_run(trainer, "gone", state="cancelled", error="Stopped at step 4.", ended_at=now)
    page = text(mine, "/training/")
    order = [page.index(f">{name}</a>") for name in ("busy", "soon", "late", "gone")]
    assert order == sorted(order)
    assert "20 of 100 steps · about 4 min left" in page
    assert "1.5 <span" in page and "Held-out loss" in page
    assert "Stopped at step 4." in page
    assert "gone" not in text(mine, "/training/?state=running")
    assert "No run fits" in text(mine, "/training/?q=nothing")


def test_the_moving_part_is_sent_only_when_it_has_moved(mine: Client, trainer: User) -> None:
    job = a_run(trainer, state="running", started_at=timezone.now())
    at, seen = follows(text(mine, "/training/?q=su"))
    assert (at, mine.get(at, headers=seen).status_code) == ("/training/rows?q=su", 204)
    TrainingJob.objects.filter(pk=job.pk).update(events_read=99, step=3, steps=9)
    assert "3 of 9 steps" in text(mine, at, headers=seen)


def test_a_trainer_sees_their_own_runs_and_an_admin_everyones(
    mine: Client, trainer: User, admin: User, signed_in: SignedIn
) -> None:
    job, theirs = a_run(trainer, "her-run"), a_run(admin, "his-run")
    assert "her-run" in text(mine, "/training/") and "his-run" not in text(mine, "/training/")
    assert "1 more run waits that is not listed here" in text(mine, "/training/")
    text(mine, theirs.get_absolute_url(), 404)
    everyones = signed_in(admin)
    page = text(everyones, "/training/")
    assert "her-run" in page and "his-run" in page
    assert "her-run" not in text(everyones, "/training/?who=mine")
    text(everyones, job.get_absolute_url())


def addresses(job: TrainingJob) -> list[tuple[str, URLPattern]]:
    """Those that belong to one run."""
    routes = [(str(each.pattern), each) for each in urls_runs.urlpatterns if "<uuid" in str(each)]
    values = {"pk": str(job.pk)}
    return [
        ("/training/" + PARAMETER.sub(lambda p: values.get(p.group(1), "1"), route), each)
        for route, each in routes
    ]


def test_every_address_of_a_run_is_closed_to_another_trainer(
    trainer: User, owner: User, signed_in: SignedIn
) -> None:
    from django.contrib.auth.models import Group

    job, other = a_run(trainer), joined(owner, "other")
    other.groups.add(Group.objects.get(name="trainer"))
    client, known = signed_in(other), addresses(job)
    assert len(known) > 3
    for at, _ in known:
        told = {client.get(at).status_code, client.post(at).status_code}
        assert 404 in told and told <= {404, 405}, at
    job.refresh_from_db()
    assert job.state == Job.State.WAITING


def test_the_place_is_closed_to_who_only_chats(member: User, signed_in: SignedIn) -> None:
    client = signed_in(member)
    assert client.get("/training/").status_code == 404
    assert client.get(f"/training/runs/{uuid.uuid4()}/").status_code == 404
    assert 'href="/training/"' not in text(client, "/models/")


def test_a_waiting_run_is_stopped_at_once_and_resumed(mine: Client, trainer: User) -> None:
    job = a_run(trainer)
    page = text(mine, job.get_absolute_url())
    assert "· for a worker" in page and "Take sums out of the queue?" in page
    stopped: Any = mine.post(f"{job.get_absolute_url()}stop", follow=True)
    assert "Stopped before it began." in stopped.content.decode()
    mine.post(f"{job.get_absolute_url()}resume")
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("waiting", 2)


def test_a_running_one_is_stopping_until_its_row_says_otherwise(
    mine: Client, trainer: User
) -> None:
    job = a_run(trainer, state="running", started_at=timezone.now())
    assert "It keeps a checkpoint" in text(mine, job.get_absolute_url())
    mine.post(f"{job.get_absolute_url()}stop")
    page = text(mine, job.get_absolute_url())
    assert page.count("Stopping …") >= 2 and ">Resume<" not in page
    at, seen = follows(page)
    assert mine.get(at, headers=seen).status_code == 204
    TrainingJob.objects.update(state="cancelled", error="Stopped at step 4.")
    moved = text(mine, at, headers=seen)
    assert "Stopped at step 4." in moved and "Resume" in moved and "Stopping" not in moved


def test_a_run_is_renamed_and_noted_and_a_taken_name_is_told(mine: Client, trainer: User) -> None:
    job, at = a_run(trainer), a_run(trainer, "taken").get_absolute_url()
    page: Any = mine.post(at, {"name": "first-try", "notes": "Too warm."}, follow=True)
    assert "Saved." in page.content.decode() and "Too warm." in page.content.decode()
    assert "first-try" in text(mine, "/training/?q=warm")
    refused = mine.post(at, {"name": job.name, "notes": "kept as typed"})
    assert refused.status_code == 422
    assert "Another run of fox is called sums already." in refused.content.decode()
    assert "kept as typed" in refused.content.decode()
    assert mine.post(at, {"name": "../up"}).status_code == 422
    assert set(TrainingJob.objects.values_list("name", flat=True)) == {"sums", "first-try"}


def test_a_waiting_run_is_moved_by_buttons_and_before_another(mine: Client, trainer: User) -> None:
    runs = {name: a_run(trainer, name) for name in ("a", "b", "c")}

    def move(name: str, to: str, **more: Any) -> Any:
        at = f"{runs[name].get_absolute_url()}move"
        return mine.post(at, {"to": to}, headers={"HX-Request": "true"}, **more)

    def order() -> str:
        return "".join(job.name for job in TrainingJob.objects.queue())

    for name, to, then in (
        ("c", "first", "cab"),
        ("a", "later", "cba"),
        ("a", "earlier", "cab"),
        ("b", str(runs["a"].pk), "cba"),
        ("c", "last", "bac"),
    ):
        page = move(name, to).content.decode()
        assert order() == then
        assert re.findall(r'data-name="(\w)"', page) == list(then)
    TrainingJob.objects.filter(name="b").update(state="running", started_at=timezone.now())
    assert "The run b waits no more" in move("b", "first").content.decode()
    assert "Say where the run should stand" in move("a", "nowhere").content.decode()
    assert mine.post(f"{runs['a'].get_absolute_url()}move", {"to": "last"}).status_code == 302
    assert order() == "ca"


def test_the_top_bar_tells_ones_own_work_from_anywhere(
    mine: Client, trainer: User, owner: User, member: User, signed_in: SignedIn
) -> None:
    assert 'id="activity-mark"' not in text(mine, "/models/")
    soon = timezone.now() + timedelta(minutes=4, seconds=2)
    job = a_run(trainer, "busy", state="running", step=20, steps=100, expected_at=soon)
    a_run(trainer, "next")
    a_run(owner, "theirs", state="running")
    page = text(mine, "/models/")
    assert "2 at work" in page and f'<a href="{job.get_absolute_url()}">' in page
    assert "Training run · 20 %, about 4 min left" in page and "theirs" not in page
    assert page.index(">busy<") < page.index(">next<")
    found = re.search(r"""hx-get="(/people/activity/)" hx-headers='([^']+)'""", page)
    assert found
    assert mine.get(found[1], headers=json.loads(found[2])).status_code == 204
    TrainingJob.objects.filter(pk=job.pk).update(step=60)
    assert "60 %" in text(mine, found[1], headers=json.loads(found[2]))
    assert 'id="activity"' not in text(signed_in(member), "/models/")


def test_an_ended_run_is_removed_and_comes_back(mine: Client, trainer: User) -> None:
    job = a_run(trainer, state="failed", ended_at=timezone.now())
    at = job.get_absolute_url()
    page: Any = mine.post(f"{at}remove", follow=True)
    assert "The run sums was removed." in page.content.decode()
    assert f'action="{at}restore"' in page.content.decode()
    text(mine, at, 404)
    assert "is back" in mine.post(f"{at}restore", follow=True).content.decode()
    TrainingJob.objects.update(state="running", ended_at=None)
    assert "has not ended" in mine.post(f"{at}remove", follow=True).content.decode()
    text(mine, at)


def test_runs_are_compared_by_what_differs(mine: Client, trainer: User, admin: User) -> None:
    first = a_run(trainer, "warm", step=4, config={"learning_rate": 0.001, "batch_size": 4})
    second = a_run(trainer, "cool", step=4, config={"learning_rate": 1e-05, "batch_size": 4})
    second.measures = {"held_out_loss": 1.25, "loss": 1.0}
    second.save()
    hidden = a_run(admin, "his-run", step=4)
    runs = f"run={first.pk}&run={second.pk}&run={hidden.pk}&run=nonsense&run={first.pk}"
    page = text(mine, f"/training/compare/?{runs}")
    assert "2 runs of this link are not there, or not yours to see." in page
    differ, same = page.split("The same in all")
    assert '<th scope="row">Learning rate</th> <td>0.001</td><td>1e-05</td>' in differ
    assert "Batch size" in same and "Batch size" not in differ
    assert '<th scope="row">Held-out loss</th> <td>–</td><td>1.25</td>' in differ
    assert "his-run" not in page
    alone = text(mine, f"/training/compare/?run={first.pk}")
    assert "Choose two to six runs" in alone and f'<option value="{second.pk}">' in alone
