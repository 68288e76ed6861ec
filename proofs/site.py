"""A whole site of its own: `manage.py up` with all its processes, and what it stands on."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from proofs.servers import Server, postgres, redis
from tests.running_site import ROOT, RunningSite

START_SECONDS = 300
STOP_SECONDS = 40
INSIDE = "import django; django.setup(); from proofs import inside; inside.main()"
KINDS = ("supervisor", "web", "engine", "worker", "runs", "runs pool", "trainer", "evaluator")
TALKER = "talker"
WINDOW = 1024
"""Tokens. A conversation fills it within minutes, so that answers do not cost more and more."""
KEPT_LOGS = ROOT / ".check" / "proof-logs"


def end_like_ctrl_c() -> None:
    """Whoever asks this process to end has it tidy up first."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


class ProofError(Exception):
    """The proof could not be made; the text says why."""


@dataclass
class WholeSite:
    """`folder` is DATA_DIR; what the processes print goes to `logs`, for a disk may fill up."""

    folder: Path
    logs: Path
    settings: dict[str, str]
    servers: dict[str, Server] = field(default_factory=dict)
    started: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        self.site = RunningSite(self.folder, settings=dict(self.settings))
        self.site.settings |= {"PORT": str(self.site.port), "HOST": "127.0.0.1"}
        self._up: subprocess.Popen[bytes] | None = None
        self._inside: subprocess.Popen[str] | None = None
        self._watch, self._pipe = orphan_watch()

    @property
    def url(self) -> str:
        return self.site.url

    def start(self) -> None:
        """Until web and engine answer."""
        with (self.logs / "up.log").open("ab") as log:
            self._up = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.site.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.watch(self._up.pid)
        self.wait_for("/health", self.url)
        self.wait_for("/health", self.site.engine_url)

    def watch(self, group: int) -> None:
        """Should this process be killed, that one is ended all the same."""
        self._pipe.write(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._pipe.write(f"-{group}\n")

    def wait_for(self, path: str, url: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(url + path, timeout=10).is_success:
                    return
            if self._up is None or self._up.poll() is not None:
                break
            time.sleep(0.2)
        raise ProofError(f"The site did not start:\n{self.log()[-3000:]}")

    def log(self) -> str:
        return (self.logs / "up.log").read_text(errors="replace")

    def ask(self, act: str, **more: Any) -> Any:
        """Of inside.py. One question at a time."""
        process = self._inside
        if process is None or process.poll() is not None:
            process = self._inside = self._start_inside()
        assert process.stdin and process.stdout  # noqa: S101
        process.stdin.write(json.dumps({"do": act, **more}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            told = (self.logs / "inside.log").read_text(errors="replace")
            raise ProofError(f"{act} broke off:\n{told[-3000:]}")
        return json.loads(line)

    async def asked(self, act: str, **more: Any) -> Any:
        return await asyncio.to_thread(self.ask, act, **more)

    def _start_inside(self) -> subprocess.Popen[str]:
        with (self.logs / "inside.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", INSIDE],
                cwd=ROOT,
                env=self.site.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    # Its processes

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Those that live, by kind."""
        found: dict[str, list[psutil.Process]] = {kind: [] for kind in KINDS}
        if self._up is None or self._up.poll() is not None:
            return found
        top = psutil.Process(self._up.pid)
        with contextlib.suppress(psutil.Error):
            for process in [top, *top.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    if kind := kind_of(process, top.pid):
                        found[kind].append(process)
        return found

    def memory(self) -> dict[str, int]:
        """Resident bytes of each kind that is there for good."""
        found = self.processes()
        sizes: dict[str, int] = {}
        for kind in ("web", "engine", "worker", "runs"):
            with contextlib.suppress(psutil.Error):
                every = [*found[kind], *(found["runs pool"] if kind == "runs" else [])]
                sizes[kind] = sum(process.memory_info().rss for process in every)
        return sizes

    def leftovers(self) -> list[psutil.Process]:
        """Processes of this site that outlive its end, wherever they hang."""
        found = []
        for process in psutil.process_iter(["environ", "pid", "status"]):
            environment = process.info["environ"] or {}
            of_site = environment.get("DATA_DIR") == str(self.folder)
            own = process.info["pid"] == (self._inside.pid if self._inside else 0)
            if of_site and not own and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def stop(self) -> None:
        """As Ctrl-C does; what does not end in time is killed with its group."""
        up, self._up = self._up, None
        if up is None:
            return
        with contextlib.suppress(ProcessLookupError):
            up.send_signal(signal.SIGTERM)
        try:
            up.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(up.pid, signal.SIGKILL)
            up.wait()
        self.forget(up.pid)

    def kill(self) -> None:
        """kill -9 of the supervisor; its own watch ends what it leaves behind."""
        assert self._up is not None  # noqa: S101
        self._up.kill()
        self._up.wait()
        self.forget(self._up.pid)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and self.leftovers():
            time.sleep(0.2)

    def close(self) -> None:
        self.stop()
        if self._inside is not None:
            with contextlib.suppress(OSError):
                self._inside.communicate(timeout=STOP_SECONDS)
        self._pipe.close()
        self._watch.wait()


def kind_of(process: psutil.Process, top: int) -> str | None:
    words = process.cmdline()
    if process.pid == top:
        return "supervisor"
    for program, kind in (("training.run", "trainer"), ("evaluation.run", "evaluator")):
        if program in words:
            return kind
    if process.ppid() != top:
        return "runs pool" if "runs" in words and "celery" in words else None
    for word, kind in (("uvicorn", "web"), ("engine", "engine"), ("runs", "runs")):
        if word in words:
            return kind
    return "worker" if "celery" in words else None


def orphan_watch() -> tuple[subprocess.Popen[bytes], Any]:
    """The supervisor's own watch, for what is started here."""
    reading, writing = os.pipe()
    watch = subprocess.Popen(
        [sys.executable, "-m", "llmsite.orphans", str(reading)],
        cwd=ROOT,
        pass_fds=[reading],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    os.close(reading)
    return watch, os.fdopen(writing, "w", buffering=1)


@contextlib.contextmanager
def whole_site(
    *, model: Path | None = None, servers: bool, data: Path, logs: Path, **settings: str
) -> Iterator[WholeSite]:
    """A prepared site that runs. `model` None: a tiny one that writes on and on."""
    with contextlib.ExitStack() as stack:
        stands_on: dict[str, Server] = {}
        if servers:
            stands_on = {"database": postgres(), "broker": redis()}
            for server in stands_on.values():
                stack.enter_context(server)
            broker = stands_on["broker"].url
            settings |= {
                "DATABASE_URL": stands_on["database"].url,
                "REDIS_URL": broker,
                "CELERY_BROKER_URL": broker.removesuffix("/0") + "/1",
            }
        name = put_model(data / "models", model)
        given = {"DEFAULT_MODEL": name, "RUNS_AT_ONCE": "2", "HF_HUB_OFFLINE": "1", **settings}
        site = WholeSite(data, logs, given, stands_on)
        stack.callback(site.close)
        for server in stands_on.values():
            site.watch(server.pid)
        site.site.prepare()
        site.start()
        yield site


def put_model(models: Path, model: Path | None) -> str:
    models.mkdir(parents=True, exist_ok=True)
    if model is not None:
        (models / model.name).symlink_to(model.resolve())
        return model.name
    build = "from pathlib import Path; from llmkit.tiny import build_tiny_model; import sys; "
    build += f"build_tiny_model(Path(sys.argv[1]), layers=4, window={WINDOW}, ends=False)"
    command = [sys.executable, "-c", build, str(models / TALKER)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if made.returncode:
        raise ProofError(f"The tiny model could not be made:\n{made.stderr[-2000:]}")
    return TALKER


@contextlib.contextmanager
def scratch(megabytes: int = 0) -> Iterator[tuple[Path, Path, bool]]:
    """(DATA_DIR, logs, whether DATA_DIR is a disk of its own), gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="llmsite-proof-") as folder:
        data, logs = Path(folder, "data"), Path(folder, "logs")
        data.mkdir()
        logs.mkdir()
        mounted = bool(megabytes) and mount(data, megabytes)
        try:
            yield data, logs, mounted
        finally:
            shutil.rmtree(KEPT_LOGS, ignore_errors=True)
            shutil.copytree(logs, KEPT_LOGS)
            if mounted:
                subprocess.run(["umount", "--lazy", str(data)], check=False)


def mount(folder: Path, megabytes: int) -> bool:
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    return subprocess.run(["mount", *options], check=False, capture_output=True).returncode == 0
