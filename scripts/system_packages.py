"""Programs that the tests drive and pip cannot bring: a browser, three servers, a sandbox."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET_APT = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}


def find_chromium() -> str | None:
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


def find_redis() -> str | None:
    return shutil.which("redis-server") or shutil.which("valkey-server")


def find_postgres() -> Path | None:
    """The newest folder holding initdb and postgres, which Debian keeps out of PATH."""
    found = shutil.which("initdb")
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    return folders[-1].parent if folders else Path(found).parent if found else None


def find_nginx() -> str | None:
    """Debian keeps it among the administrator's programs, which may not be in PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


PROGRAMS = {
    "chromium": find_chromium,
    "redis-server": find_redis,
    "postgresql": find_postgres,
    "nginx-light": find_nginx,
    "bubblewrap": lambda: shutil.which("bwrap"),
}


def missing() -> list[str]:
    """Names of the system packages whose programs are not there."""
    return [package for package, find in PROGRAMS.items() if find() is None]


def install(packages: Sequence[str]) -> list[str]:
    """Install where we may; what is still missing afterwards. Starts no service (RUNLEVEL=1)."""
    prefix = _privilege()
    if prefix is None or not packages or not shutil.which("apt-get"):
        return missing()
    environment = [f"{name}={value}" for name, value in QUIET_APT.items()]
    apt = [*prefix, "env", *environment, "apt-get", "-q", "-y"]
    subprocess.run([*apt, "update"], check=False, stdin=subprocess.DEVNULL)
    subprocess.run(
        [*apt, "install", "--no-install-recommends", *packages],
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return missing()


def how_to_install(packages: Sequence[str]) -> str:
    return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"


def _privilege() -> list[str] | None:
    """The words before a command that make it run as root; None where we may not."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    trial = subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True)
    return ["sudo", "-n"] if trial.returncode == 0 else None
