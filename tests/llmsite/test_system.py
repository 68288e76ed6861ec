"""The page that tells an admin how the app is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from llmsite.beats import Beats
from llmsite.models import KEPT, SILENT_AFTER, Fault, Process
from tests.processes import eventually
from tests.running_site import free_port
from training.models import Addition, ModelVersion

pytestmark = pytest.mark.both


@pytest.fixture(autouse=True)
def _no_engine(settings: Settings) -> None:
    settings.ENGINE_URLS = [f"http://127.0.0.1:{free_port()}"]


def failed(name: str, error: str) -> None:
    fox = ModelVersion.objects.create(name=name, source="hub", origin="a/fox")
    ended = timezone.now()
    Addition.objects.create(
        version=fox, source="hub", origin="a/fox", state="failed", error=error, ended_at=ended
    )


def test_an_admin_sees_what_failed_what_is_silent_and_that_no_engine_answers(
    owner: User, signed_in: Callable[[User], Client]
) -> None:
    failed("fox", "The hub <b>does not</b> answer.")
    Process.objects.hear("web", "here", 1)
    gone = timezone.now() - SILENT_AFTER - timedelta(seconds=1)
    Process.objects.create(kind="worker of runs", host="there", pid=2, heard_at=gone)
    page = signed_in(owner).get("/system/").content.decode()
    assert "The hub &lt;b&gt;does not&lt;/b&gt; answer." in page
    assert page.index("Running") < page.index("worker of runs") < page.index("Silent")
    assert "No engine answers" in page


def test_a_page_that_breaks_is_counted_without_its_words(
    owner: User, signed_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks() -> None:
        raise RuntimeError("somebody's words")

    client = signed_in(owner)
    client.raise_request_exception = False
    monkeypatch.setattr("llmsite.system.page.look", breaks)
    for _ in range(2):
        assert client.get("/system/").status_code == 500
    monkeypatch.undo()
    fault = Fault.objects.get()
    assert (fault.what, fault.times, fault.doing) == ("RuntimeError", 2, "/system/")
    assert fault.where.startswith("tests/llmsite/test_system.py:")
    page = client.get("/system/").content.decode()
    assert "RuntimeError" in page and "somebody" not in page


def test_more_rows_take_no_more_queries(owner: User, signed_in: Callable[[User], Client]) -> None:
    client = signed_in(owner)
    failed("first", "no")
    with CaptureQueriesContext(connection) as few:
        client.get("/system/")
    for number in range(12):
        failed(f"fox-{number}", "no")
        Process.objects.hear("web", "here", number)
    with CaptureQueriesContext(connection) as many:
        client.get("/system/")
    assert len(many) <= len(few) < 45


def test_it_exists_for_admins_only(member: User, signed_in: Callable[[User], Client]) -> None:
    assert signed_in(member).get("/system/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_process_says_that_it_lives_until_it_ends() -> None:
    old = timezone.now() - KEPT - timedelta(seconds=1)
    Process.objects.create(kind="web", host="gone", pid=1, heard_at=old)
    beats = Beats("web").start()
    eventually("it is heard of", Process.objects.filter(heard_at__gt=old).exists)
    beats.stop()
    assert not Process.objects.exists()
