"""What the processes of a site say of faults that nobody caught."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

LINE = re.compile(r"^(?P<process>[\w ]+?) *\| ?(?P<text>.*)$")
START = re.compile(r"^[\s+|]*(Exception Group )?Traceback \(most recent call last\):")
CHAINED = ("During handling of the above exception", "The above exception was the direct cause")
QUOTING = ("ExceptionWithTraceback:", "RemoteTraceback:")
FAULTS = re.compile(
    r"OperationalError|InterfaceError|AdminShutdown|ConnectionError|Connection\w*Error|Connect\w*:"
    r"|No space left on device|disk is full|disk I/O error|BrokenPipeError|WorkerLostError"
    r"|could not be kept: "
)
"""What a database, a broker, a disk or a process that is away or full is called."""


def tracebacks(log: str) -> list[str]:
    """`process: its last line` of each in a supervisor's log; a chain of causes is one."""
    by_process: dict[str, list[str]] = {}
    for line in log.splitlines():
        if found := LINE.match(line):
            by_process.setdefault(found["process"], []).append(found["text"])
    return [f"{name}: {last}" for name, said in by_process.items() for last in _last_lines(said)]


def _last_lines(said: Sequence[str]) -> Iterator[str]:
    last = ""
    inside = False
    for text in said:
        if START.match(text):
            if last:
                yield last
            last, inside = "", True
        elif inside and text.strip() and not text.startswith((" ", "|", "+")):
            last, inside = "" if text.endswith(QUOTING) else text[:300], False
        elif last and text.startswith(CHAINED):
            last = ""
        elif last and text.strip() and not text[0].isspace():
            yield last
            last = ""
    if last:
        yield last


def unexpected(found: Sequence[str]) -> list[str]:
    """Those that no injected fault explains."""
    return [each for each in found if not FAULTS.search(each)]


def counted(found: Sequence[str]) -> list[str]:
    """By their kind, the most frequent first: `12 × web: OperationalError`."""
    kinds = Counter(": ".join(each.split(": ")[:2]) for each in found)
    return [f"{times} × {kind}" for kind, times in kinds.most_common()]
