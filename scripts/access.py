"""docs/access.md, for administrators, out of docs/access.csv.

    python -m scripts.access

The table is what tests/access holds the site to. A page is written with its address; the roles are
columns.
"""

import csv
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
TABLE, PAGE = DOCS / "access.csv", DOCS / "access.md"
Row = dict[str, str]
MARKS = {"yes": "✓", "no": "–", "sign in": "sign in"}
READS = {"GET": "look", "POST": "act", "PUT": "send", "SOCKET": "follow"}
TITLES = {
    "accounts": "People and accounts",
    "admin": "Django's admin",
    "api": "Keys",
    "audit": "Audit log",
    "board": "Leaderboard",
    "chat": "Chat",
    "datasets": "Datasets",
    "evaluation": "Evaluations",
    "feedback": "Feedback",
    "lifecycle": "Home",
    "lineage": "Lineage",
    "models": "Models",
    "notifications": "Notifications",
    "rehearsals": "Rehearsals",
    "system": "System",
    "training": "Training runs",
    "socket": "Sockets",
}
WHO = {
    "visitor": "not signed in",
    "member": "has an account and no rights",
    "chatter, labeler, trainer, admin": "has that one right, and made nothing of what is asked for",
    "owner": "made the first account of the site: has every right, and Django's admin",
    "maker": "may chat, label and train, and made the thing that is asked for",
}
ABOUT = (
    "Written by `python -m scripts.access` from [access.csv](access.csv), which the tests hold the "
    "site to: every address, every role, by looking at it and by acting on it. To decide about a "
    "new page, add its row there."
)
LEGEND = (
    "✓ let in · – there is no such page for them (404) · *look* reads, *act* changes something, "
    "*send* uploads a piece, *follow* is a socket. A project is here as it is made by itself: open "
    "to every labeler. [How the rest is defended](security.md)."
)


def rendered() -> str:
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    sections = [section(room, found) for room, found in groupby(rows, key=room_of)]
    who = [line(["role", "who that is"]), line(["---"] * 2), *map(line, WHO.items())]
    return "\n".join(["# Who may do what", "", ABOUT, "", *who, "", LEGEND, "", *sections])


def room_of(row: Row) -> str:
    return row["address"].partition(":")[0]


def section(room: str, rows: Iterable[Row]) -> str:
    """Addresses that everybody gets the same of share a line."""
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        alike.setdefault((row["method"], *(row[role] for role in roles(row))), []).append(row)
    head = ["pages", "", *roles(next(iter(alike.values()))[0])]
    lines = [line(head), line(["---"] * len(head))]
    for (method, *told), found in sorted(alike.items()):
        names = ", ".join(row["address"].partition(":")[2] or row["address"] for row in found)
        lines.append(line([names, READS[method], *(MARKS[each] for each in told)]))
    return "\n".join([f"## {TITLES[room]}", "", *lines, ""])


def roles(row: Row) -> list[str]:
    return [name for name in row if name not in ("address", "method")]


def line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(rendered())
