"""One program and its tests, run by CPython under bubblewrap and prlimit."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.sandbox import seccomp

INSIDE = Path(__file__).with_name("inside.py")
SECONDS = 10
SPARE_SECONDS = 5
MEMORY = 512 * 1024 * 1024
FILE_BYTES = 1024 * 1024
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")


class SandboxError(RuntimeError):
    """The sandbox itself failed; the text is one sentence about why."""


@dataclass(frozen=True)
class Outcome:
    """`why` says in a few words what went wrong; empty where all tests passed."""

    passed: bool
    why: str = ""


def passes(program: str, tests: str, *, seconds: int = SECONDS) -> Outcome:
    """Whether `program` followed by `tests` runs to its end. The tests raise where it is wrong."""
    token = secrets.token_hex(16)
    job = json.dumps({"program": program, "tests": tests, "token": token}).encode()
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as refused:
        refused.write(seccomp.program())
        refused.seek(0)
        process = subprocess.Popen(
            command(seconds, refused.fileno()),
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath},
            pass_fds=[refused.fileno()],
            start_new_session=True,
        )
        try:
            process.communicate(job, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return Outcome(False, "took too long")
        said.seek(0)
        return told(said.read(FILE_BYTES), token, process.returncode)


def told(said: bytes, token: str, code: int) -> Outcome:
    last = said.decode(errors="replace").strip().rpartition("\n")[2]
    if last == f"passed {token}":
        return Outcome(True)
    if last.startswith(f"failed {token} "):
        return Outcome(False, last.removeprefix(f"failed {token} ")[:200])
    if code < 0 or code > 128:
        return Outcome(False, "was ended: too much memory or processor time")
    return Outcome(False, "ended before its tests did")


def command(seconds: int, refused: int) -> list[str]:
    limits = [
        f"--as={MEMORY}",
        f"--cpu={seconds + SPARE_SECONDS}",
        f"--fsize={FILE_BYTES}",
        "--nofile=64",
        "--core=0",
    ]
    python = [interpreter(), "-I", "-S", "-B", "/inside.py"]
    return [*enclosure(), "--seccomp", str(refused), "prlimit", *limits, *python]


def enclosure() -> list[str]:
    """bubblewrap with a namespace of each kind of its own, all rights dropped."""
    whole = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    places = ["--proc", "/proc", "--dev", "/dev", "--size", str(FILE_BYTES)]
    here = ["--tmpfs", "/tmp", "--chdir", "/tmp"]  # noqa: S108
    nobody = ["--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--clearenv"]
    inside = ["--ro-bind", str(INSIDE), "/inside.py"]
    return ["bwrap", *whole, *nobody, *mounts(), *places, *here, *inside]


def mounts() -> list[str]:
    """The system's libraries and the interpreter, read-only; links stay links."""
    found: list[str] = []
    for place in dict.fromkeys([*SYSTEM, sys.base_prefix]):
        path = Path(place)
        if path.is_symlink():
            found += ["--symlink", str(path.readlink()), place]
        elif path.exists() and not within(place, ["/usr"]):
            found += ["--ro-bind", place, place]
    return found


def within(place: str, others: Sequence[str]) -> bool:
    return any(place != other and Path(place).is_relative_to(other) for other in others)


def interpreter() -> str:
    """The Python behind a virtual environment, whose packages a program does not get."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str((Path(sys.base_prefix) / "bin" / version).resolve())
