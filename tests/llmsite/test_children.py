"""Which processes one machine runs, and with how much of it."""

import pytest
from pytest_django import Settings

from llmsite import children
from llmsite.celery import app
from llmsite.supervisor import Child


def _names() -> list[str]:
    return [child.name for child in children.wanted()]


def test_engine_web_and_two_workers_run_by_default() -> None:
    assert _names() == ["engine", "web", "worker", "runs"]


@pytest.mark.parametrize(
    "urls", [["http://gpu-box:8001"], ["http://127.0.0.1:11434"], ["https://localhost"]]
)
def test_no_engine_is_started_where_the_model_servers_are_others(
    urls: list[str], settings: Settings
) -> None:
    settings.ENGINE_PORT = 8001
    settings.ENGINE_URLS = urls
    assert _names() == ["web", "worker", "runs"]


def test_our_engine_runs_beside_other_model_servers(settings: Settings) -> None:
    settings.ENGINE_PORT = 8001
    settings.ENGINE_URLS = ["http://gpu-box:8000", "http://localhost:8001"]
    assert _names() == ["engine", "web", "worker", "runs"]


def test_threads_go_to_the_engine_and_jobs_and_sleep_while_waiting(
    settings: Settings,
) -> None:
    settings.THREADS = 3
    threads = {child.name: child.environment["OMP_NUM_THREADS"] for child in children.wanted()}
    assert threads == {"engine": "3", "web": "1", "worker": "3", "runs": "3"}
    assert {child.environment["OMP_WAIT_POLICY"] for child in children.wanted()} == {"PASSIVE"}


def test_the_web_listens_where_it_was_told(settings: Settings) -> None:
    settings.HOST, settings.PORT = "0.0.0.0", 9000  # noqa: S104
    web = children.web()
    assert {"0.0.0.0", "9000"} <= set(web.command)  # noqa: S104
    assert web.health_url == "http://127.0.0.1:9000/health"


def test_long_work_has_a_queue_and_a_worker_of_its_own(settings: Settings) -> None:
    settings.RUNS_AT_ONCE = 3
    taken = {
        child.name: (argument(child, "--queues"), "--no-beat" in child.command)
        for child in (children.worker(), children.runs())
    }
    assert taken == {"worker": ("celery", False), "runs": ("runs", True)}
    assert argument(children.runs(), "--concurrency") == "3"
    for name, queue in (("run_training", "runs"), ("add_model", "celery")):
        route = app.amqp.router.route({}, f"training.tasks.{name}")
        assert route["queue"].name == queue


def argument(child: Child, name: str) -> str:
    return child.command[child.command.index(name) + 1]
