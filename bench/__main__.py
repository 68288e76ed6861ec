"""Every measurement in turn, and one table at the end.

    python -m bench data/models/SmolLM2-135M-Instruct [--quick]

Each runs in a process of its own, with one thread, and is ended after its minutes, whatever it has
told by then. Those whose peer is not installed say how to install it and are left out. The table
says of each target whether the median met it, by the clock that it is about. Times are disturbed
by whatever else runs, which the ratios of neighbours bear.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.result import ROWS_FILE, Row, say

HERE = Path(__file__).resolve().parent
# The most minutes for each.
IN_ROUNDS = {
    "engine": 8,
    "llama": 6,
    "serve": 14,
    "stack": 10,
    "training": 8,
    "ppo": 12,
    "evaluation": 12,
}
OTHERS = {"adapters": 6, "switch": 6}
MINUTES = IN_ROUNDS | OTHERS
QUICK_MINUTES = 4
GRACE_SECONDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="one round of the short ones only")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch, "rows")
        rows.touch()
        broken = [name for name in chosen(options.quick) if not run(name, options, rows)]
        show([Row(*json.loads(line)) for line in rows.read_text().splitlines()])
    say(f"\n{(time.monotonic() - began) / 60:.0f} minutes.")
    if broken:
        raise SystemExit(f"Did not end well: {', '.join(broken)}.")


def chosen(quick: bool) -> list[str]:
    names = IN_ROUNDS if quick else MINUTES
    return [name for name in names if (HERE / f"{name}.py").exists()]


def run(name: str, options: argparse.Namespace, rows: Path) -> bool:
    say(f"\n— {name} —")
    quick = ["--rounds", "1"] if options.quick and name in IN_ROUNDS else []
    command = [sys.executable, str(HERE / f"{name}.py"), str(options.folder), *quick]
    environment = {**os.environ, ROWS_FILE: str(rows)}
    minutes = QUICK_MINUTES if options.quick else MINUTES[name]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        try:
            return process.wait(minutes * 60) == 0
        except subprocess.TimeoutExpired:
            say(f"{name} was ended after {minutes} minutes.")
            return False
        finally:
            end_with_its_servers(process)


def end_with_its_servers(process: subprocess.Popen[bytes]) -> None:
    """Whatever a measurement started is in its process group, also when it broke off."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)


def show(rows: list[Row]) -> None:
    """Medians of the rounds' ratios, the extremes in brackets, what was wanted, met or not."""
    width = max((len(row.what) for row in rows), default=0)
    say(f"\n{'':{width}}  time       ratio  (rounds)        n  wanted")
    for row in rows:
        wanted = f"{row.wanted}: {row.verdict}" if row.target else ""
        extremes = f"({row.low:.2f} to {row.high:.2f})"
        say(
            f"{row.what:{width}}  {row.clock:9}  {row.ratio:5.2f}  {extremes:15} "
            f"{row.rounds:2}  {wanted}"
        )


if __name__ == "__main__":
    main()
