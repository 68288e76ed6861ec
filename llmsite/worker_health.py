"""`/health` and `/metrics` of a worker, for supervisors and Prometheus.

In the worker's own process, which hands tasks to its pool: it knows what it took and what is being
worked on. Nothing is opened without `manage.py worker --health-port`.
"""

import json
import os
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from celery.worker import state
from django.db import Error, connection
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

VARIABLE = "WORKER_HEALTH_PORT"


class Tasks:
    """What Celery's consumer counts."""

    def collect(self) -> Iterable[Any]:
        taken = CounterMetricFamily("llmsite_tasks_taken", "Tasks taken.", labels=["task"])
        for name, number in dict(state.total_count).items():
            taken.add_metric([name], number)
        yield taken
        yield GaugeMetricFamily("llmsite_tasks_now", "At work.", len(state.active_requests))


registry = CollectorRegistry()
registry.register(Tasks())


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._send(200, "text/plain; version=0.0.4", generate_latest(registry))
        elif self.path == "/health":
            status, report = health()
            self._send(status, "application/json", json.dumps(report).encode())
        else:
            self._send(404, "text/plain", b"Not found\n")

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about: Any) -> None:
        """Scrapes are not worth a line."""


def health() -> tuple[int, dict[str, Any]]:
    """200 when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return 503, {"status": "database unreachable"}
    finally:
        connection.close()
    return 200, {"status": "ok", "at_work": len(state.active_requests)}


def listen() -> None:
    """On the loopback interface only: what scrapes from elsewhere comes through a proxy."""
    port = os.environ.get(VARIABLE, "")
    if port:
        server = ThreadingHTTPServer(("127.0.0.1", int(port)), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
