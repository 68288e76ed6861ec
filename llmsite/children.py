"""The processes that make up the app, as `manage.py up` starts them."""

import sys

from django.conf import settings

from llmsite.celery import LONG, SHORT
from llmsite.preflight import browser_address
from llmsite.supervisor import Child
from training import engine_here

# A page sends a hundred bytes; whoever sends more than this at once is cut off.
LARGEST_FRAME = 65_536
# glibc gives each thread a heap of its own: what one has freed, the others can not use.
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}


def wanted() -> list[Child]:
    """Engine first, so that it loads while the others start; none if ENGINE_URLS are elsewhere."""
    return [*([engine()] if engine_here.is_wanted() else []), web(), worker(), runs()]


def web() -> Child:
    command = [sys.executable, "-m", "uvicorn", "llmsite.asgi:application"]
    address = ["--host", settings.HOST, "--port", str(settings.PORT)]
    habits = ["--lifespan", "on", "--timeout-graceful-shutdown", "5"]
    bounds = ["--ws-max-size", str(LARGEST_FRAME), "--ws-per-message-deflate", "false"]
    return Child(
        "web",
        [*command, *address, *habits, *bounds, "--log-level", "warning"],
        {**_environment(threads=1), **ONE_ARENA},
        f"{browser_address(settings.HOST, settings.PORT)}/health",
    )


def engine() -> Child:
    command = [sys.executable, "manage.py", "engine", "--port", str(settings.ENGINE_PORT)]
    return Child(
        "engine",
        command,
        _environment(threads=settings.THREADS),
        f"http://127.0.0.1:{settings.ENGINE_PORT}/health",
    )


def worker() -> Child:
    return _worker("worker", "--queues", SHORT)


def runs() -> Child:
    """Training and evaluation, RUNS_AT_ONCE at a time."""
    several = ["--concurrency", str(settings.RUNS_AT_ONCE)]
    return _worker("runs", "--queues", LONG, "--no-beat", *several)


def _worker(name: str, *arguments: str) -> Child:
    quiet = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
    environment = {**_environment(threads=settings.THREADS), **quiet}
    del environment["HF_HUB_OFFLINE"]  # the worker is who fetches models from the hub
    return Child(name, [sys.executable, "manage.py", "worker", *arguments], environment)


def _environment(*, threads: int) -> dict[str, str]:
    """Threads that wait must not spin: two busy processes would slow each other a hundredfold."""
    return {
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_OFFLINE": "1",
    }
