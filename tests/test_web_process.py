"""How the web process runs Django: threads that are lent and come back, files before pages."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from llmsite import urls
from llmsite.handler import Handler, Threads
from llmsite.static import StaticFiles

together = threading.Barrier(2, timeout=20)


@login_not_required
def alone(request: HttpRequest) -> HttpResponse:
    return HttpResponse(threading.get_ident())


@login_not_required
def in_company(request: HttpRequest) -> HttpResponse:
    together.wait()
    return HttpResponse(threading.get_ident())


urlpatterns = [
    path("health/alone", alone),
    path("health/company", in_company),
    *urls.urlpatterns,
]


async def get(application: Any, where: str) -> tuple[dict[str, Any], bytes]:
    """The start and the body of the answer to a request."""
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": where, "query_string": b""}
    scope["headers"] = [(b"host", b"127.0.0.1")]
    asked = ApplicationCommunicator(application, scope)
    await asked.send_input({"type": "http.request"})
    start, body = await asked.receive_output(20), b""
    while (part := await asked.receive_output(20)).get("more_body"):
        body += part["body"]
    await asked.wait(20)
    return start, body + part.get("body", b"")


@pytest.mark.urls(__name__)
async def test_one_request_after_another_is_answered_in_the_same_thread() -> None:
    handler = Handler()
    first, second = await get(handler, "/health/alone"), await get(handler, "/health/alone")
    assert first[0]["status"] == 200
    assert first[1] == second[1]


@pytest.mark.urls(__name__)
async def test_requests_at_the_same_time_do_not_wait_for_each_other() -> None:
    handler = Handler()
    both = await asyncio.gather(*(get(handler, "/health/company") for _ in range(2)))
    assert both[0][1] != both[1][1]


def test_threads_that_a_crowd_needed_end_when_they_are_not_needed_any_more() -> None:
    threads = Threads(most_idle=1)
    with threads.lent() as first, threads.lent() as second:
        assert first is not second
    with threads.lent() as again:
        assert again is second
        with pytest.raises(RuntimeError):
            first.submit(lambda: None)


async def test_files_are_answered_before_django_is_asked(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "look.css").write_text("a { color: red }")
    settings.SERVESTATIC_USE_MANIFEST, settings.STATIC_ROOT = False, str(tmp_path)
    asked: list[str] = []

    async def django(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body"})

    site = StaticFiles(django)
    start, body = await get(site, "/static/look.css")
    assert body == b"a { color: red }"
    assert (b"x-content-type-options", b"nosniff") in start["headers"]
    await get(site, "/static/none.css")
    assert asked == ["/static/none.css"]
