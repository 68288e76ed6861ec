"""What a proof prints: aligned lines, each with n and a verdict."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """`wanted` "" where the figure is only told."""

    what: str
    value: str
    n: str
    wanted: str = ""
    met: bool = True

    @property
    def verdict(self) -> str:
        return f"{self.wanted}: {'met' if self.met else 'MISSED'}" if self.wanted else ""


def none_of(what: str, wrong: Sequence[str], n: int | str) -> Line:
    return Line(what, str(len(wrong)), str(n), "0", not wrong)


def table(lines: Sequence[Line]) -> str:
    columns = [[line.what, line.value, line.n, line.verdict] for line in lines]
    columns.insert(0, ["", "", "n", "wanted"])
    widths = [max(len(row[k]) for row in columns) for k in range(4)]
    told = []
    for what, value, n, verdict in columns:
        line = f"{what:{widths[0]}}  {value:>{widths[1]}}  {n:>{widths[2]}}  {verdict}"
        told.append(line.rstrip())
    return "\n".join(told)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show_wrong(wrong: Sequence[str], most: int = 20) -> None:
    for what in wrong[:most]:
        say(f"  {what}")
    if len(wrong) > most:
        say(f"  and {len(wrong) - most} more")


def invariants_table(findings: Sequence[dict[str, Any]]) -> str:
    """A line each, with the first of what is broken below it."""
    told = []
    for found in findings:
        how = "ok    " if found["holds"] else "BROKEN"
        told.append(f"{how} {found['n']:>6,}  {found['promise']:16}  {found['sentence']}")
        told += [f"         {what}" for what in found["broken"][:5]]
    return "\n".join(told)
