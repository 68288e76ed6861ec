"""Run several long-lived processes as one: prefixed output, restarts, and no orphans."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

GRACE_SECONDS = 10.0
QUICK_DEATH_SECONDS = 10.0
MAX_QUICK_DEATHS = 5
LONGEST_PAUSE_SECONDS = 30.0
HEALTH_PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 60.0
LAST_WORDS_SECONDS = 5.0
LONGEST_LINE_BYTES = 1 << 20
COLOURS = ("36", "35", "33", "32", "34")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Child:
    """One process to keep running. `health_url` answers once it is ready; None means at once."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    health_url: str | None = None


class Printer:
    """Writes lines as `name | text`, in one colour a name on a terminal."""

    def __init__(self, names: Sequence[str]) -> None:
        self.width = max((len(name) for name in names), default=0)
        coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.colours = dict(zip(names, COLOURS, strict=False)) if coloured else {}

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:<{self.width}} |"
        if name in self.colours:
            prefix = f"\033[{self.colours[name]}m{prefix}\033[0m"
        print(prefix, text, flush=True)  # noqa: T201


def pause_before_restart(quick_deaths: int) -> float:
    """Seconds: 1 after the first death, doubling while the child keeps dying quickly."""
    return min(LONGEST_PAUSE_SECONDS, 2.0 ** max(0, quick_deaths - 1))


def how_it_ended(returncode: int) -> str:
    if returncode < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"


class Supervisor:
    """Keeps `children` running until stopped. `run` returns the exit code."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        ready_text: str,
        pause: Callable[[int], float] = pause_before_restart,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self.children = children
        self.ready_text = ready_text
        self.pause = pause
        self.grace = grace
        self.printer = Printer([child.name for child in children])
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.given_up = False

    def say(self, text: str) -> None:
        print(text, flush=True)  # noqa: T201

    async def run(self) -> int:
        """Start all, keep them alive, and stop all on SIGINT, SIGTERM, SIGHUP or giving up."""
        self.stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop)
        self._start_orphan_watch()
        try:
            keepers = [asyncio.create_task(self._keep(child)) for child in self.children]
            for keeper in keepers:
                keeper.add_done_callback(lambda _: self.stopping.set())
            announcing = asyncio.create_task(self._announce())
            await self.stopping.wait()
            announcing.cancel()
            await self._stop_all()
            await asyncio.gather(*keepers)
        finally:
            self.orphan_pipe.close()
            self.orphan_watch.wait()
        return 1 if self.given_up else 0

    def _asked_to_stop(self) -> None:
        if self.stopping.is_set():
            self._kill_all()
            return
        self.say("Stopping …")
        self.stopping.set()

    def _start_orphan_watch(self) -> None:
        reading, writing = os.pipe()
        self.orphan_watch = subprocess.Popen(
            [sys.executable, "-m", "llmsite.orphans", str(reading)],
            pass_fds=[reading],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        os.close(reading)
        self.orphan_pipe = os.fdopen(writing, "w", buffering=1)

    async def _keep(self, child: Child) -> None:
        quick_deaths = 0
        while not self.stopping.is_set():
            started = time.monotonic()
            returncode = await self._run_once(child)
            if self.stopping.is_set():
                return
            quick = time.monotonic() - started < QUICK_DEATH_SECONDS
            quick_deaths = quick_deaths + 1 if quick else 0
            if quick_deaths >= MAX_QUICK_DEATHS:
                self._give_up(child)
                return
            await self._pause(child, how_it_ended(returncode), self.pause(quick_deaths))

    async def _pause(self, child: Child, ending: str, seconds: float) -> None:
        self.say(f"{child.name} stopped ({ending}). Starting it again in {seconds:g} s.")
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    def _give_up(self, child: Child) -> None:
        self.say(
            f"{child.name} stopped {MAX_QUICK_DEATHS} times right after its start, so everything "
            "is stopped. Its last lines above say why."
        )
        self.given_up = True
        self.stopping.set()

    async def _run_once(self, child: Child) -> int:
        process, output = await _started(child)
        self.processes[child.name] = process
        self.orphan_pipe.write(f"+{process.pid}\n")
        if self.stopping.is_set():
            self._kill_group(process)
        forwarding = asyncio.create_task(self._forward(child.name, output))
        returncode = await process.wait()
        self._kill_group(process)
        await asyncio.wait([forwarding], timeout=LAST_WORDS_SECONDS)
        self.orphan_pipe.write(f"-{process.pid}\n")
        del self.processes[child.name]
        return returncode

    async def _forward(self, name: str, output: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await output.readline()
            except ValueError:
                continue
            if not line:
                return
            if text := line.decode(errors="replace").rstrip():
                self.printer.line(name, text)

    async def _announce(self) -> None:
        """Say the address once every child that has a health page answers on it."""
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            for child in self.children:
                await self._until_healthy(client, child)
        self.say(self.ready_text)

    async def _until_healthy(self, client: httpx.AsyncClient, child: Child) -> None:
        patience_ends = time.monotonic() + PATIENCE_SECONDS
        while child.health_url and not await _healthy(client, child.health_url):
            if time.monotonic() > patience_ends:
                self.say(f"Still waiting for {child.name} to answer on {child.health_url}.")
                patience_ends += PATIENCE_SECONDS
            await asyncio.sleep(HEALTH_PAUSE_SECONDS)

    async def _stop_all(self) -> None:
        """Ask each child, who knows how to stop its own children, then KILL whole groups."""
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + self.grace
        while self.processes and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        self._kill_all()

    def _kill_all(self) -> None:
        for process in list(self.processes.values()):
            self._kill_group(process)

    def _kill_group(self, process: asyncio.subprocess.Process) -> None:
        """Also when the child itself is gone: it may have left children behind."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


async def _started(child: Child) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
    """The process and what it and its own children print.

    The pipe is not asyncio's: its `wait` waits until all that write to it have ended, too, so a
    killed worker would be missed for as long as a child of its own lives.
    """
    reading, writing = os.pipe()
    output = asyncio.StreamReader(LONGEST_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(output), os.fdopen(reading, "rb", 0)
    )
    try:
        process = await asyncio.create_subprocess_exec(
            *child.command,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.STDOUT,
            env={**os.environ, **child.environment},
            start_new_session=True,
        )
    finally:
        os.close(writing)
    return process, output


async def _healthy(client: httpx.AsyncClient, url: str) -> bool:
    """Any answer below 500 counts: behind ALLOWED_HOSTS the web may answer 400 to us."""
    try:
        return (await client.get(url)).status_code < 500
    except httpx.HTTPError:
        return False
