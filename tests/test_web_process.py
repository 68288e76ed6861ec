"""How the web process runs Django: threads that are lent and come back, files before pages."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from threading import get_ident
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from llmsite import urls
from llmsite.handler import Handler, Threads
from llmsite.places import WIDTH
from llmsite.static import StaticFiles

together = threading.Barrier(2, timeout=20)
over = threading.Event()


@login_not_required
def alone(request: HttpRequest) -> HttpResponse:
    return HttpResponse(get_ident())


@login_not_required
def in_company(request: HttpRequest) -> HttpResponse:
    together.wait()
    return HttpResponse(get_ident())


@login_not_required
def slow(request: HttpRequest) -> HttpResponse:
    return HttpResponse(over.wait(20))


@login_not_required
def streamed(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.to_thread(over.wait, 20)
        yield b"last"

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("health/slow", slow),
    path("health/streamed", streamed),
    path("health/alone", alone),
    path("health/company", in_company),
    *urls.urlpatterns,
]


def ask(application: Any, where: str) -> ApplicationCommunicator:
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": where, "query_string": b""}
    scope["headers"] = [(b"host", b"127.0.0.1")]
    return ApplicationCommunicator(application, scope)


async def get(application: Any, where: str) -> tuple[dict[str, Any], bytes]:
    """The start and the body of the answer to a request."""
    asked = ask(application, where)
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


@pytest.mark.urls(__name__)
async def test_slow_requests_keep_nobody_waiting() -> None:
    handler = Handler()
    over.clear()
    slow_ones = [asyncio.create_task(get(handler, "/health/slow")) for _ in range(WIDTH)]
    start, _ = await asyncio.wait_for(get(handler, "/health/alone"), 20)
    assert start["status"] == 200 and not any(task.done() for task in slow_ones)
    over.set()
    assert {body for _, body in await asyncio.gather(*slow_ones)} == {b"True"}


@pytest.mark.urls(__name__)
async def test_whoever_is_still_sending_holds_no_place() -> None:
    handler = Handler()
    handler.places.stall = 3600
    sending = [ask(handler, "/health/alone") for _ in range(WIDTH)]
    for each in sending:
        await each.send_input({"type": "http.request", "body": b"a", "more_body": True})
    assert (await asyncio.wait_for(get(handler, "/health/alone"), 20))[0]["status"] == 200
    for each in sending:
        await each.send_input({"type": "http.request", "body": b"b"})
        assert (await each.receive_output(20))["status"] == 200


@pytest.mark.urls(__name__)
async def test_an_answer_that_is_only_being_sent_holds_no_place() -> None:
    handler = Handler()
    over.clear()
    asked = ask(handler, "/health/streamed")
    await asked.send_input({"type": "http.request"})
    assert (await asked.receive_output(20))["status"] == 200
    assert (await asked.receive_output(20))["body"] == b"first"
    assert handler.places.taken == 0
    over.set()
    assert (await asked.receive_output(20))["body"] == b"last"


def test_threads_that_a_crowd_needed_end_when_they_are_not_needed_any_more() -> None:
    threads = Threads(most_idle=1)
    with threads.lent() as first, threads.lent() as second:
        one, other = first.submit(get_ident).result(), second.submit(get_ident).result()
        assert one != other
    with threads.lent() as again, pytest.raises(RuntimeError):
        assert again.submit(get_ident).result() == other
        first.submit(get_ident)


def test_whoever_only_waits_takes_no_thread() -> None:
    threads = Threads()
    with threads.lent() as busy:
        ident = busy.submit(get_ident).result()
    with threads.lent(), threads.lent() as second:
        assert second.submit(get_ident).result() == ident


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
