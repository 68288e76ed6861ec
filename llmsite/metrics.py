"""What this web process does, for Prometheus: `/metrics`, for whoever has METRICS_TOKEN.

Counts are of this process; rows and the disk are the whole site's, read when somebody asks. Every
web process has a `/metrics` of its own.
"""

import hmac
import shutil
import time
from collections.abc import Mapping
from typing import Any

from channels.db import DatabaseSyncToAsync
from django.conf import settings
from django.db import connection
from django.db.models import Count
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from chat.models import Generation
from llmsite.bodies import App, Message, Receive, Send
from training.models.job import Job

PATH = "/metrics"
KIND = b"text/plain; version=0.0.4; charset=utf-8"
# The first part of an address → the room that answers it. Others count as "other", so that
# addresses somebody makes up name nothing.
ROOMS = {"": "chat", "c": "chat", "m": "chat", "new": "chat", "compare": "chat"}
ROOMS |= {name: name for name in ("feedback", "training", "evaluation", "models", "people")}
ROOMS |= {name: name for name in ("keys", "v1", "lineage", "admin", "static", "health")}
BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)

registry = CollectorRegistry()
requests = Counter("llmsite_requests", "Requests by status.", ["room", "status"], registry=registry)
seconds = Histogram(
    "llmsite_first_byte_seconds",
    "Until a response began.",
    ["room"],
    buckets=BUCKETS,
    registry=registry,
)
sockets = Gauge("llmsite_sockets", "Open sockets.", registry=registry)
jobs = Gauge("llmsite_jobs", "Rows of long work by state.", ["kind", "state"], registry=registry)
answers = Gauge("llmsite_answers_live", "Answers queued or being written.", registry=registry)
free = Gauge("llmsite_disk_free_bytes", "Free on the disk of DATA_DIR.", registry=registry)


class Measured:
    """An ASGI application in front of another one, whose requests and sockets it counts."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await respond(scope, send)
        elif scope["type"] == "http":
            room = ROOMS.get(scope["path"].split("/")[1], "other")
            await self.app(scope, receive, counting(send, room))
        elif scope["type"] == "websocket":
            with sockets.track_inprogress():
                await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def counting(send: Send, room: str) -> Send:
    began = time.perf_counter()

    async def sending(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            seconds.labels(room).observe(time.perf_counter() - began)
            requests.labels(room, str(message["status"])).inc()
        await send(message)

    return sending


def may_look(scope: Message) -> bool:
    """Without a METRICS_TOKEN the page does not exist."""
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    given = dict(scope["headers"]).get(b"authorization", b"")
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given, expected)


async def respond(scope: Message, send: Send) -> None:
    found, body = 404, b"Not found\n"
    if may_look(scope):
        await DatabaseSyncToAsync(look, thread_sensitive=False)()
        found, body = 200, generate_latest(registry)
    headers = [(b"content-type", KIND)]
    await send({"type": "http.response.start", "status": found, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def look() -> None:
    """Read what the database and the disk say now, in a thread that keeps no connection."""
    try:
        for kind in Job.__subclasses__():
            count_states(kind)
        answers.set(Generation.objects.live().count())
        free.set(shutil.disk_usage(settings.DATA_DIR).free)
    finally:
        connection.close()


def count_states(kind: Any) -> None:
    rows = kind._base_manager.order_by().values_list("state").annotate(Count("pk"))
    found = dict(rows)
    for state in kind.State.values:
        jobs.labels(kind._meta.model_name, state).set(found.get(state, 0))
