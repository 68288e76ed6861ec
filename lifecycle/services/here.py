"""A rehearsal driven by one process of the shell, which does the long work itself."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import DatabaseError, connection

from feedback.models import Batch
from lifecycle.errors import LifecycleError
from lifecycle.models import Rehearsal
from lifecycle.services import going_on
from lifecycle.things import THINGS, Work
from llmkit.client import EngineClient
from llmkit.identity import identity
from llmkit.types import EngineError
from training import engine_here
from training.models import Job

START_SECONDS = 180.0
BEAT_SECONDS = 2.0
PAUSE_SECONDS = 1.0
STEP_PERCENT = 10
PR_SET_PDEATHSIG = 1
Say = Callable[[str], None]


def drive(rehearsal: Rehearsal, say: Say) -> None:
    """To its end, however it ends. The process may be killed and another one go on."""
    doing = Doing(say)
    with told(rehearsal, say):
        while going_on.advance(rehearsal, here=doing) or rehearsal.state in Job.LIVE:
            if rehearsal.state not in Job.LIVE:
                break
            time.sleep(0 if doing.did_something() else PAUSE_SECONDS)


class Doing:
    """Long work, done here; answers come from a server that has the model, started where none
    does."""

    def __init__(self, say: Say) -> None:
        self.say, self._did = say, True

    def __call__(self, row: Any, work: Work) -> None:
        self._did = True
        if isinstance(row, Batch):
            with engine_with(row.models, self.say):
                work.run(row)
        else:
            work.run(row)

    def did_something(self) -> bool:
        did, self._did = self._did, False
        return did


@contextmanager
def engine_with(models: list[str], say: Say) -> Iterator[None]:
    """Some engine by setting that serves these models; else one of our own for as long as that."""
    if serves(models):
        yield
        return
    if not engine_here.is_wanted():
        raise LifecycleError(
            f"No engine answers for {', '.join(models)}. "
            f"Start one of these: {', '.join(settings.ENGINE_URLS)}."
        )
    say("Starting an engine for the answers.")
    process = started()
    try:
        wait_for(process, models)
        yield
    finally:
        process.terminate()
        process.wait()


def started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "engine", "--port", str(settings.ENGINE_PORT)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "OMP_NUM_THREADS": str(settings.THREADS)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent if sys.platform == "linux" else None,
    )


def end_with_parent() -> None:
    """In the child: end when the process that started it does, even by kill -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_for(process: "subprocess.Popen[bytes]", models: list[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not serves(models):
        if process.poll() is not None or time.monotonic() > deadline:
            raise LifecycleError(
                f"The engine did not start. Try it alone: manage.py engine --port "
                f"{settings.ENGINE_PORT}."
            )
        time.sleep(0.2)


def serves(models: list[str]) -> bool:
    return set(models) <= set(async_to_sync(served)())


async def served() -> list[str]:
    found: list[str] = []
    for url in settings.ENGINE_URLS:
        client = EngineClient(url, api_key=settings.ENGINE_API_KEY or None)
        with suppress(EngineError):
            found += await client.models()
        await client.aclose()
    return found


@contextmanager
def told(rehearsal: Rehearsal, say: Say) -> Iterator[None]:
    """A thread beside the work says what happens and that this process lives."""
    stop, driver = threading.Event(), identity()
    teller = Teller(say)

    def watch() -> None:
        try:
            while not stop.wait(BEAT_SECONDS):
                with suppress(DatabaseError):
                    going_on.beat(rehearsal, driver)
                    teller.look(rehearsal)
        finally:
            connection.close()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        teller.look(rehearsal)


class Teller:
    """Says each stage as it begins and ends, and its work at every tenth."""

    def __init__(self, say: Say) -> None:
        self._say, self._said = say, set[str]()

    def look(self, rehearsal: Rehearsal) -> None:
        from lifecycle.stages import EVERY, STAGES

        places = {stage.name: place for place, stage in enumerate(EVERY, start=1)}
        for row in rehearsal.stages.prefetch_related("made"):
            title = f"{places[row.name]}/{len(EVERY)} {STAGES[row.name].title}"
            self.once(
                title, f"{title}: {STAGES[row.name].doing[0].lower()}{STAGES[row.name].doing[1:]}."
            )
            if row.ended_at is None:
                self.progress(title, row)
                continue
            took = (row.ended_at - row.started_at).total_seconds()
            self.once(f"{title} done", f"{title}: done in {took:,.0f} s.")

    def progress(self, title: str, row: Any) -> None:
        for made in row.made.all():
            work, thing = THINGS[made.kind].work, made.thing
            if work is None or thing is None or thing.state != Job.State.RUNNING:
                continue
            said, share = work.said(thing)
            if share is not None:
                key = f"{title} {made.role} {share // STEP_PERCENT}"
                self.once(key, f"  {made.role}: {said} ({share} %)")

    def once(self, key: str, sentence: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self._say(sentence)
