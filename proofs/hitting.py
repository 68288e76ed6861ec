"""A fault, done: what it hit is said, also where there was nothing to hit."""

import asyncio
import contextlib
import errno
import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import psutil

from proofs.chatting import Chatter
from proofs.schedule import BROKER, DATABASE, DISK, SOCKETS, Fault
from proofs.site import WholeSite

LOOK_FOR_SECONDS = 6.0
FULL_SECONDS = 6.0
AWAY_SECONDS = 2.0
ROOM_TO_START = 150 * 2**20


NONE, GONE = NOTHING = ("none was there", "it had just ended")


@dataclass
class Hits:
    """`done` holds, for each fault, what it hit."""

    site: WholeSite
    chatters: Sequence[Chatter]
    done: list[tuple[Fault, str]] = field(default_factory=list)

    async def strike(self, fault: Fault) -> str:
        acts: dict[str, Callable[[Fault], Awaitable[str]]] = {
            DISK: self.fill_disk,
            DATABASE: self.restart,
            BROKER: self.restart,
            SOCKETS: self.cut_sockets,
            "kill supervisor": self.kill_supervisor,
        }
        told = await acts.get(fault.kind, self.kill)(fault)
        self.done.append((fault, told))
        return told

    async def kill(self, fault: Fault) -> str:
        """Of the processes of that kind one; a short while is given for one to be there."""
        kind = fault.kind.removeprefix("kill ")
        for _ in range(int(LOOK_FOR_SECONDS / 0.25)):
            found = self.site.processes()[kind]
            if found:
                return kill(found[int(fault.chance * len(found))])
            await asyncio.sleep(0.25)
        return NONE

    async def kill_supervisor(self, fault: Fault) -> str:
        """Its children end with it; whoever looks after the machine starts it again."""
        await asyncio.to_thread(self.site.kill)
        await asyncio.to_thread(self.site.start)
        return "all processes ended with it; started again"

    async def restart(self, fault: Fault) -> str:
        server = self.site.servers[fault.kind.partition(" ")[0]]
        before = server.pid
        await asyncio.to_thread(server.stop)
        self.site.forget(before)
        await asyncio.sleep(AWAY_SECONDS)
        await asyncio.to_thread(server.start)
        self.site.watch(server.pid)
        return f"process {before}, away for {AWAY_SECONDS:g} s"

    async def cut_sockets(self, fault: Fault) -> str:
        """Half of the pages lose their connection, without a word to the server."""
        chosen = [c for n, c in enumerate(self.chatters) if n % 2 == int(fault.chance * 2)]
        return f"{sum(chatter.cut() for chatter in chosen)} of {len(self.chatters)} pages"

    async def fill_disk(self, fault: Fault) -> str:
        free = shutil.disk_usage(self.site.folder).free
        ballast = self.site.folder / "ballast"
        try:
            await asyncio.to_thread(fill, ballast)
            left = shutil.disk_usage(self.site.folder).free
            await asyncio.sleep(FULL_SECONDS)
        finally:
            ballast.unlink(missing_ok=True)
        return f"{free >> 20} MB filled, {left} bytes left, for {FULL_SECONDS:g} s"


def kill(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
        return f"process {process.pid}"
    return GONE


def fill(path: os.PathLike[str]) -> None:
    """Until nothing more goes onto the disk."""
    block = b"\0" * 2**20
    with open(path, "wb", buffering=0) as file:  # noqa: PTH123
        try:
            while True:
                file.write(block)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
