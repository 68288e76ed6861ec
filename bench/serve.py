"""The engine beside `transformers serve`: the same answers over HTTP, to 1, 4 and 16 users at once.

    python bench/serve.py data/models/SmolLM2-135M-Instruct

Both are servers of their own with one thread, float32 and room for all sixteen, asked in turn by
one client that reads their event streams. The peer runs with its continuous batching, and without
for up to four users (it then answers one after the other); the better of the two stands for it.
Its cache is given a size, for on a processor it would measure and fill the free memory.

Needs `pip install fastapi openai`.
"""

import argparse
import asyncio
import contextlib
import importlib.util
import json
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.engine import PROMPTS
from bench.result import Spent, in_turn, one_thread, report, say

USERS = (1, 4, 16)
MOST_IN_A_ROW = 4
START_SECONDS = 180
OURS = (
    "from llmkit.engine.server import serve; from pathlib import Path; import sys; "
    "serve(Path(sys.argv[1]), port=int(sys.argv[2]), default_model=sys.argv[3], max_running=16)"
)
BATCHING = ["--continuous-batching", "--cb-num-blocks", "256", "--cb-max-batch-tokens", "256"]
WANTED = {1: 0.0, 4: 1.5, 16: 1.5}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=32)
    options = parser.parse_args()
    if not all(importlib.util.find_spec(name) for name in ("fastapi", "openai")):
        say("transformers serve is left out: pip install fastapi openai")
        return
    one_thread()
    folder = options.folder.resolve()
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Server(name, folder)) for name in COMMANDS]
        for users in USERS:
            compare(servers if users <= MOST_IN_A_ROW else servers[:2], users, options)


def compare(servers: list["Server"], users: int, options: argparse.Namespace) -> None:
    ways = {
        server.name: lambda server=server: server.asked(users, options.tokens) for server in servers
    }
    spent = in_turn(ways, options.rounds)
    peers = [name for name in spent if name != "engine"]
    best = min(peers, key=lambda name: statistics.median(took.wall for took in spent[name]))
    what = "1 user" if users == 1 else f"{users} users"
    report(f"{what} over HTTP", spent, "engine", best, target=WANTED[users])


def ours(folder: Path, port: int) -> list[str]:
    return [sys.executable, "-c", OURS, str(folder.parent), str(port), folder.name]


def peer(folder: Path, port: int) -> list[str]:
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder)]
    return [*command, "--device", "cpu", "--dtype", "float32", "--port", str(port)]


COMMANDS: dict[str, Any] = {
    "engine": ours,
    "serve with batching": lambda folder, port: [*peer(folder, port), *BATCHING],
    "serve": peer,
}


class Server:
    """A process that answers chats on a port of this machine; ends with its block."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._port = free_port()
        self._model = folder.name if name == "engine" else str(folder)
        self._process = subprocess.Popen(
            COMMANDS[name](folder, self._port),
            cwd=Path(__file__).resolve().parent.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> "Server":
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                self.asked(1, 1)
                return self
            time.sleep(1)
        raise SystemExit(f"{self.name} did not answer within {START_SECONDS} seconds.")

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait()

    def asked(self, users: int, tokens: int) -> Spent:
        """Seconds per thousand tokens, on the clock and of the server's processor time."""
        before, start = self._processor(), time.perf_counter()
        written = asyncio.run(together(self._port, self._model, users, tokens))
        wall = time.perf_counter() - start
        scale = 1000 / written
        return Spent(wall * scale, (self._processor() - before) * scale)

    def _processor(self) -> float:
        import psutil

        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)


async def together(port: int, model: str, users: int, tokens: int) -> int:
    """Tokens written to all users, who ask at the same moment."""
    import httpx

    limits = httpx.Limits(max_connections=users)
    address = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=address, timeout=600, limits=limits) as client:
        asked = (chat(client, model, PROMPTS[i % len(PROMPTS)], tokens) for i in range(users))
        return sum(await asyncio.gather(*asked))


async def chat(client: Any, model: str, prompt: str, tokens: int) -> int:
    """The tokens of one answer, by the usage that the server tells in its stream."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    written = 0
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        async for event in events(response):
            written = (event.get("usage") or {}).get("completion_tokens", written)
    if not written:
        raise RuntimeError("The server told no usage.")
    return int(written)


async def events(response: Any) -> Any:
    async for line in response.aiter_lines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
