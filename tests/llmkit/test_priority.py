"""Long work gives way: by its own nice value, and by its session's where those are weighed."""

import os
import subprocess
import sys
from pathlib import Path

from llmkit import priority

OWN = """
import os, sys
from pathlib import Path
from llmkit import priority
priority.lower_own_session(7)
group = Path("/proc/self/autogroup")
told = group.read_text().split() if group.exists() else []
sys.stdout.write(f"{os.nice(0)} {told[-1] if told else 7}")
"""


def test_a_session_of_its_own_is_lowered_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OWN], capture_output=True, text=True, start_new_session=True
    )
    assert done.stdout.split() == ["7", "7"], done.stderr


def test_a_session_that_others_share_is_left_alone() -> None:
    mine = Path("/proc/self/autogroup")
    before = mine.read_text() if mine.exists() else ""
    done = subprocess.run([sys.executable, "-c", OWN], capture_output=True, text=True)
    assert done.stdout.split()[0] == "7", done.stderr
    assert (mine.read_text() if mine.exists() else "") == before


def test_a_process_is_lowered_and_never_raised() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        priority.lower(process.pid, 12)
        priority.lower(process.pid, 4)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 12
        process.communicate(b"\n")
    priority.lower(process.pid, 12)
