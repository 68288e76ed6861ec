"""What Prometheus reads of a web process and of a worker."""

import logging
import re
import threading
from collections.abc import Awaitable, Callable
from http.server import ThreadingHTTPServer
from typing import Any, cast

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings
from pythonjsonlogger.json import JsonFormatter

from llmsite import metrics, worker_health
from training.models import Addition, ModelVersion

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
TOKEN = {"Authorization": "Bearer a-long-token"}


async def page(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"x"})


def client() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(cast(Any, metrics.Measured(page)))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def told(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(text)
    return {(s.name, tuple(s.labels.values())): s.value for f in families for s in f.samples}


async def test_requests_are_counted_by_room_and_made_up_addresses_name_nothing(
    settings: Settings,
) -> None:
    settings.METRICS_TOKEN = "a-long-token"
    async with client() as http:
        before = told((await http.get("/metrics", headers=TOKEN)).text)
        for path in ("/", "/c/1/", "/training/", "/<script>", "/wp-admin"):
            await http.get(path)
        after = told((await http.get("/metrics", headers=TOKEN)).text)
    grown = {key: after[key] - before.get(key, 0) for key in after if key[0].endswith("s_total")}
    assert {key[1]: value for key, value in grown.items() if value} == {
        ("chat", "418"): 2,
        ("training", "418"): 1,
        ("other", "418"): 2,
    }
    assert after["llmsite_first_byte_seconds_count", ("training",)] >= 1


async def test_waiting_work_and_the_disk_are_read_when_asked(settings: Settings) -> None:
    settings.METRICS_TOKEN = "a-long-token"
    waiting = ("llmsite_jobs", ("addition", "waiting"))
    async with client() as http:
        assert told((await http.get("/metrics", headers=TOKEN)).text)[waiting] == 0
        fox = await ModelVersion.objects.acreate(name="fox", source="hub", origin="a/fox")
        await Addition.objects.acreate(version=fox, source="hub", origin="a/fox")
        now = told((await http.get("/metrics", headers=TOKEN)).text)
    assert now[waiting] == 1
    assert now["llmsite_disk_free_bytes", ()] > 0


@pytest.mark.parametrize("set_to", ["", "a-long-token"])
async def test_without_the_token_there_is_no_such_page(settings: Settings, set_to: str) -> None:
    settings.METRICS_TOKEN = set_to
    async with client() as http:
        for wrong in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer a-long"}):
            assert (await http.get("/metrics", headers=wrong)).status_code == 404


def test_a_worker_tells_its_health() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), worker_health.Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        assert httpx.get(f"{address}/health").json()["status"] == "ok"
        assert told(httpx.get(f"{address}/metrics").text)["llmsite_tasks_now", ()] == 0
    finally:
        server.shutdown()
        server.server_close()


def test_a_line_of_the_log_is_one_json_object(settings: Settings) -> None:
    made = dict(settings.LOGGING["formatters"]["json"])
    made.pop("()")
    formatter = JsonFormatter(made.pop("format"), **made)
    record = logging.makeLogRecord({"msg": "two\nlines", "levelname": "WARNING", "name": "chat"})
    line = formatter.format(record)
    assert "\n" not in line
    assert re.search(r'"level": "WARNING".*"logger": "chat".*"two\\nlines"', line)
