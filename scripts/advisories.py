"""Whether a pinned package has a known vulnerability, by a database that is at hand.

    python -m scripts.advisories FOLDER
    ADVISORIES=FOLDER python -m scripts.advisories

FOLDER holds advisories in the OSV format, one JSON file each, in any depth: an unpacked copy of
the Python Packaging Advisory Database, or of the PyPI part of osv.dev. Nothing is fetched. Ends
with 1 where something was found, and says so plainly where there was nothing to look into.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"^\s*([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*==\s*([^\s;#]+)")
SKIPPED = "Skipped: name a folder of OSV advisories, as an argument or in ADVISORIES."


@dataclass(frozen=True)
class Finding:
    name: str
    version: str
    advisory: str
    summary: str
    fixed: str

    def __str__(self) -> str:
        after = f"; fixed in {self.fixed}" if self.fixed else "; no fixed version is known"
        return f"{self.name} {self.version}: {self.advisory}, {self.summary}{after}"


def pins(files: Iterable[Path]) -> dict[str, str]:
    """Exact versions by canonical name; what is not pinned can't be looked up."""
    lines = (line for file in files for line in file.read_text(encoding="utf-8").splitlines())
    found = (PIN.match(line) for line in lines)
    return {canonicalize_name(pin[1]): pin[2] for pin in found if pin}


def advisories(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Those that were not withdrawn. ValueError names a file that is no advisory."""
    for path in sorted(folder.rglob("*.json")):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path.name} is no advisory in the OSV format.") from error
        if isinstance(found, dict) and "affected" in found and not found.get("withdrawn"):
            yield found


def findings(pinned: Mapping[str, str], known: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    for advisory in known:
        for affected in advisory["affected"]:
            package = affected.get("package", {})
            name = canonicalize_name(str(package.get("name", "")))
            version = pinned.get(name) if package.get("ecosystem") == "PyPI" else None
            if version and is_affected(version, affected):
                words = str(advisory.get("summary") or advisory.get("details", ""))
                first = words.strip().partition("\n")[0][:200]
                fixed = ", ".join(ends(affected, "fixed"))
                yield Finding(name, version, str(advisory.get("id", "")), first, fixed)


def is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    """By the versions that are listed, or by the ranges: introduced ≤ version < fixed."""
    if version in affected.get("versions", ()):
        return True
    ranges = (r for r in affected.get("ranges", ()) if r.get("type") == "ECOSYSTEM")
    return any(is_in(Version(version), each.get("events", ())) for each in ranges)


def is_in(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    inside = False
    for kind, at in sorted(moments(events), key=lambda moment: (moment[1], moment[0])):
        if kind == "introduced" and version >= at:
            inside = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            inside = False
    return inside


def moments(events: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, Version]]:
    for event in events:
        for kind, at in event.items():
            try:
                yield kind, Version("0.dev0" if at == "0" else at)
            except InvalidVersion:
                continue


def ends(affected: Mapping[str, Any], kind: str) -> list[str]:
    events = (event for each in affected.get("ranges", ()) for event in each.get("events", ()))
    return [event[kind] for event in events if kind in event]


def main(arguments: list[str]) -> int:
    named = arguments[0] if arguments else os.environ.get("ADVISORIES", "")
    if not named or not Path(named).is_dir():
        print(SKIPPED)
        return 0
    pinned, known = pins(sorted(ROOT.glob("requirements*.txt"))), list(advisories(Path(named)))
    found = sorted(set(findings(pinned, known)), key=str)
    print(f"{len(pinned)} pinned packages, {len(known)} advisories: {len(found)} found.")
    print("\n".join(map(str, found)))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
