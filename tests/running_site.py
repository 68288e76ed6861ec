"""The whole site as its users meet it: real processes, a folder and ports of its own, HTTP only.

Accounts are made through the pages (first visit, invitation link), so nothing here reaches into
the database, and the site may run on any database the environment names.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests import prepared

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = secrets.token_urlsafe(12)
START_SECONDS = 90.0
DATABASE = "db.sqlite3"
# No site of a test is https; to read whom to trust takes a tenth of a second at every asking.
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
LINK = re.compile(r'value="(http[^"]+/people/join/[^"]+)"')


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class RunningSite:
    """Start, kill and restart the parts; make people and hand over their sessions.

    `people` maps a user name to a signed-in client. Logs lie in `data_dir/<part>.log`.
    """

    data_dir: Path
    port: int = field(default_factory=free_port)
    engine_port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    people: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def engine_url(self) -> str:
        return f"http://127.0.0.1:{self.engine_port}"

    def environment(self) -> dict[str, str]:
        own = {
            "DATA_DIR": str(self.data_dir),
            "ENGINE_PORT": str(self.engine_port),
            "DJANGO_SETTINGS_MODULE": "llmsite.settings",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "1",
            "THREADS": "1",
        }
        return {**os.environ, **own, **self.settings}

    # Parts

    def prepare(self) -> None:
        """Tables, shipped prompts and static files, as `manage.py prepare` makes them.

        They are copied from what was made once; a database that was not (`prepared.new_database`)
        is migrated.
        """
        made = prepared.site_folder()
        (self.data_dir / "static").symlink_to(made / "static")
        address = self.environment().get("DATABASE_URL")
        if not address:
            shutil.copy(made / DATABASE, self.data_dir)
        elif address not in prepared.ready:
            prepared.run(prepared.MIGRATE, prepared.LIBRARY, **self.environment())

    def manage(self, *arguments: str) -> str:
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_web(self) -> None:
        arguments = ("-m", "uvicorn", "llmsite.asgi:application", "--port", str(self.port))
        habits = ("--timeout-graceful-shutdown", "5", "--ws-per-message-deflate", "false")
        self.start("web", *arguments, *habits)
        self.wait_for("web", f"{self.url}/people/login/")

    def start_engine(self, *arguments: str) -> None:
        """Serves what lies in `data_dir/models`; `arguments` go to `manage.py engine`."""
        self.start("engine", "manage.py", "engine", "--port", str(self.engine_port), *arguments)
        self.wait_for("engine", f"{self.engine_url}/health")

    def start(self, name: str, *arguments: str) -> None:
        with (self.data_dir / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, name: str, address: str) -> None:
        """Until the part answers; one that ends or stays silent fails with its log."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.processes[name].poll() is None:
            try:
                httpx.get(address, timeout=START_SECONDS, verify=NOBODY)
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            return
        raise AssertionError(f"{name} did not start:\n{self.log(name)}")

    def log(self, name: str) -> str:
        return (self.data_dir / f"{name}.log").read_text(errors="replace")

    def kill(self, name: str) -> None:
        """kill -9: nothing of the part gets to tidy up."""
        self._end(name, signal.SIGKILL)

    def stop(self, name: str) -> None:
        self._end(name, signal.SIGTERM)

    def _end(self, name: str, number: signal.Signals) -> None:
        process = self.processes.pop(name)
        process.send_signal(number)
        process.wait(START_SECONDS)

    def close(self) -> None:
        for client in self.people.values():
            client.close()
        for name in list(self.processes):
            self.kill(name)

    # People

    def client(self) -> httpx.Client:
        limits = httpx.Limits(keepalive_expiry=3)
        return httpx.Client(
            base_url=self.url, follow_redirects=True, timeout=60, limits=limits, verify=NOBODY
        )

    def post(self, client: httpx.Client, path: str, page: str = "", **data: object) -> str:
        """Fill in the form on `page` (or `path` itself) and send it; the answering page."""
        token = TOKEN.search(client.get(page or path).text)
        assert token, f"{page or path} has no form"
        sent = {**data, "csrfmiddlewaretoken": token[1]}
        answer = client.post(path, data=sent, headers={"Referer": f"{self.url}{path}"})
        assert answer.is_success, answer.text
        return answer.text

    def owner(self) -> httpx.Client:
        """Signed in as `owner`, made by the first visit at the first call."""
        if "owner" not in self.people:
            self.people["owner"] = self._account("owner", "/people/setup/")
        return self.people["owner"]

    def person(self, name: str, groups: Iterable[str] = ()) -> httpx.Client:
        """Signed in as `name`, who joined by a link that also gives `groups`."""
        if name not in self.people:
            data = {"groups": list(groups), "days": "7"}
            page = self.post(self.owner(), "/people/invite/", page="/people/", **data)
            link = LINK.search(page)
            assert link, "no invitation link on the page"
            self.people[name] = self._account(name, link[1].removeprefix(self.url))
        return self.people[name]

    def _account(self, name: str, path: str) -> httpx.Client:
        client = self.client()
        self.post(client, path, username=name, password1=PASSWORD, password2=PASSWORD)
        assert "sessionid" in client.cookies, f"no account was made for {name}"
        return client

    def session_cookie(self, name: str) -> dict[str, str]:
        """For Playwright's `context.add_cookies([…])`."""
        client = self.owner() if name == "owner" else self.person(name)
        return {"name": "sessionid", "value": client.cookies["sessionid"], "url": self.url}
