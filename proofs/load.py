"""A crowd on one machine: nobody meets an error, nothing is lost or there twice, memory is flat.

    python -m proofs.load [--minutes 10] [--sockets 200] [--chatting 20] [--labelers 50]
                          [--model FOLDER] [--postgres]

The site runs on free ports of 127.0.0.1 in a temporary folder. First, with nothing beside them:
somebody looks at pages, the people of the crowd chat, then they chat while a run trains (each a
tenth of the minutes). Then all of it at once. Ratios are of medians over the same people; times to
the first text are what the sockets saw. Exit code 1 where something was lost, was there twice, an
error was met, or an invariant of `manage.py verify` is broken.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from proofs.chatting import Chatter, compared
from proofs.crowd import Crowd, Pages, Plan, for_seconds, pages_of, summed
from proofs.logs import tracebacks
from proofs.ranking import ranked_wrongly
from proofs.site import ProofError, WholeSite, end_like_ctrl_c, scratch, whole_site
from proofs.tables import Line, invariants_table, none_of, say, show_wrong, table

SAMPLE_SECONDS = 5.0
SETTLE_SECONDS = 300
SHORTEST_PHASE = 20.0
GROWTH_SHARE, GROWTH_BYTES = 0.02, 8 * 2**20
WORDS = f"slope × its time ≤ {GROWTH_SHARE:.0%} or {GROWTH_BYTES >> 20} MB"


def main() -> int:
    options = arguments()
    plan = Plan(
        minutes=options.minutes,
        sockets=options.sockets,
        chatting=min(options.chatting, options.sockets),
        labelers=options.labelers,
        pause=options.pause,
        steps=options.steps,
        tokens=options.tokens,
    )
    with (
        scratch() as (data, logs, _),
        whole_site(model=options.model, servers=options.postgres, data=data, logs=logs) as site,
    ):
        say(f"{site.url}, {describe(options, plan)}")
        return asyncio.run(Load(site, plan).run())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--minutes", type=float, default=10, help="Of everything at once. At most 60.")
    add("--sockets", type=int, default=200, help="Pages that are open, each of another person.")
    add("--chatting", type=int, default=20, help="How many of those people chat.")
    add("--labelers", type=int, default=50)
    add("--pause", type=float, default=10, help="Seconds that a labeler thinks about a task.")
    add("--steps", type=int, default=300, help="Steps of a run; another one follows.")
    add("--tokens", type=int, default=120, help="The longest answer.")
    add("--model", type=Path, help="A model's folder; a tiny one of four layers if left out.")
    add("--postgres", action="store_true", help="On PostgreSQL and Redis instead of SQLite.")
    found = parser.parse_args()
    if not 0 < found.minutes <= 60 or not 1 <= found.sockets <= 2000 or found.labelers > 500:
        parser.error("at most 60 minutes, 2000 sockets and 500 labelers")
    return found


def describe(options: argparse.Namespace, plan: Plan) -> str:
    on = "PostgreSQL and Redis" if options.postgres else "SQLite and folders"
    model = options.model.name if options.model else "the tiny model"
    return f"{model} on {on}: {plan.sockets} sockets, {plan.chatting} chatting, " + (
        f"{plan.labelers} labelers, a run and an evaluation, {plan.minutes:g} minutes"
    )


class Load:
    def __init__(self, site: WholeSite, plan: Plan) -> None:
        self.site, self.plan = site, plan
        self.crowd = Crowd(site, plan)
        self.memory: list[tuple[float, dict[str, int]]] = []
        self.short = max(SHORTEST_PHASE, plan.minutes * 6)

    async def run(self) -> int:
        await self.crowd.begin()
        await self.warm_up()
        calm, _ = await self.looking("nothing at work", self.nothing)
        alone = await self.chatting("the same people chat, nothing beside them")
        beside = await self.chatting("they chat while a run trains", training=True)
        pages, busy = await self.everything()
        await self.settle()
        return await self.tell(calm, alone, beside, pages, busy)

    async def warm_up(self) -> None:
        """The model is loaded, every process has done its work once."""
        await self.crowd.talk(self.crowd.talking[:1], for_seconds(8))

    async def nothing(self, until: Callable[[], bool]) -> None:
        while not until():
            await asyncio.sleep(0.2)

    async def looking(self, what: str, beside: Any, seconds: float | None = None) -> Any:
        """Pages and answers while `beside` goes on."""
        seconds = seconds or self.short
        say(f"{time.strftime('%H:%M:%S')}  {what}, {seconds:.0f} s")
        pages, began = pages_of(self.site, self.crowd.chatters[0]), time.monotonic()
        until = for_seconds(seconds)
        await asyncio.gather(pages.look(until), beside(until))
        return pages, Answers(self.crowd.talking, began)

    async def chatting(self, what: str, *, training: bool = False) -> "Answers":
        async def beside(until: Callable[[], bool]) -> None:
            work = [self.crowd.keep_working(until, evaluate=False)] if training else []
            await asyncio.gather(self.crowd.talk(self.crowd.talking, until), *work)

        if training:
            await self.crowd.begin_work(["run"])
        _, found = await self.looking(what, beside)
        return found

    async def everything(self) -> Any:
        sampling = asyncio.create_task(self.sample())
        try:
            return await self.looking(
                "everything at once", self.crowd.everything, self.plan.minutes * 60
            )
        finally:
            sampling.cancel()

    async def sample(self) -> None:
        while True:
            self.memory.append((time.monotonic(), self.site.memory()))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def settle(self) -> None:
        """What was begun is let finish; runs are stopped, as their owner would."""
        say(f"{time.strftime('%H:%M:%S')}  letting everything finish")
        await self.site.asked("cancel")
        waited = for_seconds(SETTLE_SECONDS)
        while any((await self.site.asked("live")).values()) and not waited():
            await asyncio.sleep(1)
        await self.crowd.close()

    async def tell(
        self, calm: Pages, alone: "Answers", beside: "Answers", pages: Pages, busy: "Answers"
    ) -> int:
        everybody, labelers = self.crowd.chatters, self.crowd.labelers
        stored = await self.site.asked("said", conversations=[c.conversation for c in everybody])
        messages = compared([chatter.heard for chatter in everybody], stored)
        rankings = await self.site.asked("rankings")
        lost, twice = ranked_wrongly([labeler.heard for labeler in labelers], rankings)
        work = await self.site.asked("work")
        findings = await self.site.asked("verify", at_rest=True)
        errors = self.errors(calm, pages, work)
        broken = [found["name"] for found in findings if not found["holds"]]
        requests = sum(labeler.heard.counts["requests"] for labeler in labelers)
        cut = [what for chatter in everybody for what in chatter.heard.cut]
        torn = [what for chatter in everybody for what in chatter.heard.torn]
        sockets = sum(chatter.heard.counts["sockets"] for chatter in everybody)
        looks = len(calm.seconds) + len(pages.seconds)
        lines = [
            none_of("errors", errors, requests + messages.messages + looks),
            none_of("sockets cut off", cut, sockets),
            none_of("answers with a gap or a repetition", torn, messages.messages),
            none_of("lost messages", messages.lost + messages.different, messages.messages),
            none_of("messages twice", messages.twice, messages.messages),
            none_of("lost rankings", lost, len(rankings["keys"])),
            none_of("double annotations", twice, len(rankings["keys"])),
            none_of("broken invariants", broken, len(findings)),
            *self.speeds(calm, alone, beside, pages, busy, tokens_of(stored)),
            *self.flat(),
            *self.work_done(work),
        ]
        say("\n" + table(lines))
        say(f"\nchat: {summed([c.heard.counts for c in everybody])}")
        say(f"ranking: {summed([labeler.heard.counts for labeler in labelers])}")
        wrong = [*errors, *cut, *torn, *messages.lost, *messages.different, *messages.twice]
        wrong += [*lost, *twice]
        show_wrong(wrong)
        if broken:
            say(invariants_table([found for found in findings if not found["holds"]]))
        return 1 if wrong or broken else 0

    def errors(self, calm: Pages, pages: Pages, work: Sequence[dict[str, Any]]) -> list[str]:
        found = [error for each in self.crowd.chatters for error in each.heard.errors]
        found += [error for each in self.crowd.labelers for error in each.errors]
        found += [f"{w['kind']} {w['name']}: {w['error']}" for w in work if w["state"] == "failed"]
        told = [f"traceback of {trace}" for trace in tracebacks(self.site.log())]
        found += self.crowd.refused
        return [*found, *calm.errors, *pages.errors, *told]

    def speeds(
        self,
        calm: Pages,
        alone: "Answers",
        beside: "Answers",
        pages: Pages,
        busy: "Answers",
        tokens: Mapping[int, int],
    ) -> list[Line]:
        middle = statistics.median
        idle, trained, all_at_once = (each.speeds(tokens) for each in (alone, beside, busy))
        return [
            ratio("page p95 ÷ idle p95", pages.seconds, calm.seconds, high, "s"),
            ratio("tokens/s of an answer ÷ idle", all_at_once, idle, middle),
            ratio("first text, all at once ÷ chat alone", busy.firsts, alone.firsts, middle, "s"),
            ratio("first text, with a run ÷ without", beside.firsts, alone.firsts, middle, "s"),
            ratio("tokens/s, with a run ÷ without", trained, idle, middle),
        ]

    def flat(self) -> list[Line]:
        """Each process's memory over the second half, by a straight line through its sizes."""
        half = self.memory[len(self.memory) // 2 :]
        return [flatness(kind, half) for kind in ("web", "engine", "worker", "runs")]

    def work_done(self, work: Sequence[dict[str, Any]]) -> list[Line]:
        found = []
        for kind in ("run", "evaluation"):
            states = [w["state"] for w in work if w["kind"] == kind]
            found.append(Line(f"{kind}s done", str(states.count("done")), str(len(states))))
        return found


class Answers:
    """What the sockets saw of the answers that were asked for since then."""

    def __init__(self, chatters: Sequence[Chatter], since: float) -> None:
        said = [s for c in chatters for s in c.heard.said if s.sent >= since and s.state == "done"]
        self.firsts = [s.first - s.sent for s in said if s.first]
        self._spans = [(s.message, s.ended - s.first) for s in said if s.first and s.ended]

    def speeds(self, tokens: Mapping[int, int]) -> list[float]:
        """Tokens per second of each answer from its first text on."""
        known = [(tokens.get(message, 0) - 1, seconds) for message, seconds in self._spans]
        return [count / seconds for count, seconds in known if count > 0 and seconds > 0]


def tokens_of(stored: Sequence[dict[str, Any]]) -> dict[int, int]:
    """By the answer's message."""
    return {a["message"]: a["tokens"] for turn in stored for a in turn["answers"]}


def high(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(0.95 * (len(seconds) - 1))]


def ratio(
    what: str,
    ours: Sequence[float],
    idle: Sequence[float],
    measure: Callable[[Sequence[float]], float],
    unit: str = "",
) -> Line:
    n = f"{len(ours)}, {len(idle)}"
    if not ours or not idle:
        return Line(what, "unknown", n)
    one, other = measure(ours), measure(idle)
    return Line(f"{what} ({one:.3g}{unit} ÷ {other:.3g}{unit})", f"{one / other:.2f}×", n)


def flatness(kind: str, half: Sequence[tuple[float, dict[str, int]]]) -> Line:
    points = [(at, sizes[kind]) for at, sizes in half if kind in sizes]
    if len(points) < 4:
        return Line(f"memory of {kind}", "unknown", str(len(points)))
    times, sizes = zip(*points, strict=True)
    slope = statistics.linear_regression(times, sizes).slope
    grown, mean = slope * (times[-1] - times[0]), statistics.mean(sizes)
    what = f"memory of {kind} ({mean / 2**20:.0f} MB), growth in the second half"
    allowed = max(GROWTH_SHARE * mean, GROWTH_BYTES)
    return Line(what, f"{grown / 2**20:+.1f} MB", str(len(points)), WORDS, grown <= allowed)


if __name__ == "__main__":
    end_like_ctrl_c()
    try:
        sys.exit(main())
    except ProofError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. The site was ended and its folder removed.")
