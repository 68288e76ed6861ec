"""Faults on a seeded schedule while people chat, rank, train and evaluate; then every promise.

    python -m proofs.chaos [--seed 1] [--minutes 4] [--sqlite] [--schedule]

The site runs on PostgreSQL and Redis of the system's packages (`--sqlite`: on neither), on free
ports of 127.0.0.1 in a temporary folder. That folder is a small file system in memory where one
can be mounted (as root), so that a disk can fill up; elsewhere full disks are left out, and said
to be. Every kind of process is killed by SIGKILL, the supervisor of them all included; servers end
without a word and come back; sockets are cut. Afterwards everything is let finish, what failed is
gone on with as its owner would, and all invariants of `manage.py verify` are checked at rest, with
what the people were told beside them. Exit code 1 where a promise was broken.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any

from proofs.chatting import compared
from proofs.crowd import Crowd, Plan, for_seconds, summed
from proofs.hitting import NOTHING, Hits
from proofs.logs import counted, tracebacks, unexpected
from proofs.ranking import ranked_wrongly
from proofs.schedule import Fault, kinds, schedule
from proofs.site import ProofError, WholeSite, end_like_ctrl_c, scratch, whole_site
from proofs.tables import invariants_table, none_of, say, show_wrong, table

DISK_MEGABYTES = 600
SETTLE_SECONDS = 600
RESUMES = 6


def main() -> int:
    options = arguments()
    with scratch(DISK_MEGABYTES) as (data, logs, mounted):
        found = kinds(servers=not options.sqlite, disk=mounted)
        faults = schedule(options.seed, options.minutes * 60, found)
        announce(options, faults, mounted)
        if options.schedule:
            return 0
        with whole_site(servers=not options.sqlite, data=data, logs=logs) as site:
            return asyncio.run(Chaos(site, options, faults).run())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--seed", type=int, default=1, help="The same seed gives the same faults.")
    add(
        "--minutes",
        type=float,
        default=4,
        help="Of faults, at most 60; the rest comes on top.",
    )
    add("--sqlite", action="store_true", help="On SQLite and folders, without any server.")
    add("--schedule", action="store_true", help="Only say what would happen when.")
    add("--sockets", type=int, default=20)
    add("--chatting", type=int, default=8)
    add("--labelers", type=int, default=10)
    found = parser.parse_args()
    if not 0 < found.minutes <= 60 or not 1 <= found.sockets <= 500 or found.labelers > 200:
        parser.error("at most 60 minutes, 500 sockets and 200 labelers")
    return found


def announce(options: argparse.Namespace, faults: Sequence[Fault], mounted: bool) -> None:
    on = "SQLite and folders" if options.sqlite else "PostgreSQL and Redis"
    disk = (
        f"a file system of {DISK_MEGABYTES} MB in memory"
        if mounted
        else "no full disk: " + ("a small file system can't be mounted here (root may)")
    )
    say(f"seed {options.seed}, {options.minutes:g} minutes on {on}, {disk}; {len(faults)} faults:")
    for fault in faults:
        say(f"  {fault.at:6.1f} s  {fault.kind}")


class Chaos:
    def __init__(
        self, site: WholeSite, options: argparse.Namespace, faults: Sequence[Fault]
    ) -> None:
        self.site, self.faults = site, faults
        plan = Plan(
            minutes=options.minutes,
            sockets=options.sockets,
            chatting=min(options.chatting, options.sockets),
            labelers=options.labelers,
            pause=4,
            steps=150,
            patient=True,
        )
        self.seconds = options.minutes * 60
        self.crowd = Crowd(site, plan)
        self.resumed = 0

    async def run(self) -> int:
        await self.crowd.begin()
        await self.crowd.begin_work(["run", "evaluation"])
        hits = Hits(self.site, self.crowd.chatters)
        say("\nwhat was hit:")
        time_over = for_seconds(self.seconds)
        striking = asyncio.create_task(self.strike(hits))
        await self.crowd.everything(lambda: time_over() and striking.done())
        await striking
        settled = await self.settle()
        await self.crowd.close()
        return await self.tell(hits, settled)

    async def strike(self, hits: Hits) -> None:
        """What a slow machine takes longer for puts off all that follows, at most for as long as
        the whole was meant to take."""
        began, late = time.monotonic(), 0.0
        for fault in self.faults:
            await asyncio.sleep(max(0.0, began + fault.at + late - time.monotonic()))
            late = time.monotonic() - began - fault.at
            if late > self.seconds:
                say(f"  {fault.kind} and what follows is left out: this machine is too slow")
                return
            told = await hits.strike(fault)
            say(f"  {time.monotonic() - began:6.1f} s  {fault.kind}: {told}")

    async def settle(self) -> list[str]:
        """Everything is let finish, and what failed is gone on with; what did not end in time."""
        say("\nletting everything finish")
        waited = for_seconds(SETTLE_SECONDS)
        while not waited():
            live = {name: n for name, n in (await self.site.asked("live")).items() if n}
            if not live and (self.resumed >= RESUMES or not await self.go_on()):
                break
            await asyncio.sleep(1)
        else:
            return [f"{n} {name} did not end within {SETTLE_SECONDS} s" for name, n in live.items()]
        return []

    async def go_on(self) -> int:
        for row in await self.site.asked("work"):
            if row["state"] == "failed":
                say(f"  {row['kind']} {row['name']} failed and is gone on with: {row['error']}")
        count: int = await self.site.asked("resume")
        self.resumed += 1
        return count

    async def tell(self, hits: Hits, unsettled: list[str]) -> int:
        everybody, labelers = self.crowd.chatters, self.crowd.labelers
        stored = await self.site.asked("said", conversations=[c.conversation for c in everybody])
        messages = compared([chatter.heard for chatter in everybody], stored)
        rankings = await self.site.asked("rankings")
        lost, twice = ranked_wrongly([labeler.heard for labeler in labelers], rankings)
        gone, undone = self.work_lost(await self.site.asked("work"))
        findings = await self.site.asked("verify", at_rest=True)
        torn = [what for chatter in everybody for what in chatter.heard.torn]
        broken = [found["name"] for found in findings if not found["holds"]]
        asked = sum(map(len, self.crowd.asked.values()))
        traces = tracebacks(self.site.log())
        surprises = unexpected(traces)
        struck = sum(told not in NOTHING for _, told in hits.done)
        say("\n" + invariants_table(findings))
        say(f"\nchat: {summed([c.heard.counts for c in everybody])}")
        say(f"ranking: {summed([labeler.heard.counts for labeler in labelers])}")
        say(f"pages opened again: {sum(len(chatter.heard.cut) for chatter in everybody)}")
        say(f"tracebacks in the log: {', '.join(counted(traces)) or 'none'}")
        say(f"faults that hit something: {struck} of {len(hits.done)}\n")
        lines = [
            none_of("accepted messages lost", messages.lost, messages.messages),
            none_of("answers unlike what was shown", messages.different, messages.messages),
            none_of("answers with a gap or a repetition", torn, messages.messages),
            none_of("messages or answers twice", messages.twice, messages.messages),
            none_of("accepted rankings lost", lost, len(rankings["keys"])),
            none_of("rankings twice", twice, len(rankings["keys"])),
            none_of("runs and evaluations lost", gone, asked),
            none_of("runs and evaluations that did not get done", undone, asked),
            none_of("work that did not end", unsettled, asked),
            none_of("tracebacks that no fault explains", surprises, len(traces)),
            none_of("broken invariants", broken, len(findings)),
        ]
        say(table(lines))
        wrong = [*messages.lost, *messages.different, *torn, *messages.twice, *lost, *twice]
        wrong += [*gone, *undone, *unsettled, *surprises]
        show_wrong(wrong)
        return 1 if wrong or broken else 0

    def work_lost(self, work: Sequence[dict[str, Any]]) -> tuple[list[str], list[str]]:
        """(what was asked for and is not there, what is there and was not done)."""
        states = {row["id"]: row for row in work}
        asked = [(kind, pk) for kind, pks in self.crowd.asked.items() for pk in pks]
        gone = [f"{kind} {pk} is not there" for kind, pk in asked if pk not in states]
        rows = [states[pk] for _, pk in asked if pk in states]
        undone = [
            f"{row['kind']} {row['name']} is {row['state']} in its attempt {row['attempt']}: "
            f"{row['error']}"
            for row in rows
            if row["state"] != "done"
        ]
        return gone, undone


if __name__ == "__main__":
    end_like_ctrl_c()
    try:
        sys.exit(main())
    except ProofError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. The site was ended and its folder removed.")
