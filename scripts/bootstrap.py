"""From a fresh clone to a running app: the virtual environment, then the app's own commands.

Standard library only, and readable by older Pythons as well, so that they can say what is needed.
`bootstrap.py run` starts the app; `bootstrap.py test`, `lint`, `bench`, `load` and `chaos` run the
project's tools.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
INSTALL_BYTES = 4 * 10**9

COMMANDS = {
    "run": ("requirements.txt", ["manage.py", "up"]),
    "test": ("requirements-dev.txt", ["-m", "scripts.check"]),
    "lint": ("requirements-dev.txt", ["-m", "scripts.check", "--lint"]),
    "bench": ("requirements-bench.txt", ["-m", "bench"]),
    "rehearse": ("requirements.txt", ["manage.py", "rehearse"]),
    "load": ("requirements.txt", ["-m", "proofs.load"]),
    "chaos": ("requirements.txt", ["-m", "proofs.chaos"]),
}
PREPARATIONS = {
    "run": ["manage.py", "prepare"],
    "bench": ["manage.py", "fetch_models"],
    "rehearse": ["manage.py", "prepare"],
}
WITH_OPTIONS = ("bench", "rehearse", "load", "chaos")
DEFAULT_MODEL = Path("models", "SmolLM2-135M-Instruct")


def write_bytecode() -> None:
    """Python's cache of compiled modules is used, whatever the shell says.

    pip does not compile here, so without it every process would compile torch for itself at each
    start: 15 seconds instead of 5.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def stop(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise SystemExit(1)


def require_python() -> None:
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        stop(
            f"Python 3.11 or newer is needed; this is {found}. On Debian or Ubuntu: "
            "sudo apt-get install python3.11 python3.11-venv, then: make run PYTHON=python3.11"
        )


def require_free_places() -> None:
    """Tell a taken port, a running instance or an unwritable DATA_DIR before any long work."""
    sys.path.insert(0, str(ROOT))
    from llmsite import preflight

    given = settings()
    folder = data_folder(given)
    host, port = given.get("HOST") or "127.0.0.1", given.get("PORT") or "8000"
    engine_port = given.get("ENGINE_PORT") or "8001"
    try:
        preflight.require_data_dir(folder)
        preflight.take_lock(folder, preflight.browser_address(host, int(port))).close()
        preflight.require_port(host, int(port), "PORT")
        if not given.get("ENGINE_URLS"):
            preflight.require_port("127.0.0.1", int(engine_port), "ENGINE_PORT")
    except preflight.StartError as error:
        stop(str(error))
    except ValueError:
        stop("PORT and ENGINE_PORT must be whole numbers. See .env.example.")


def settings() -> dict[str, str]:
    return {**read_env_file(ROOT / ".env"), **os.environ}


def data_folder(given: dict[str, str]) -> Path:
    return Path(given.get("DATA_DIR") or ROOT / "data").expanduser().resolve()


def read_env_file(path: Path) -> dict[str, str]:
    """NAME=value lines; the settings read the same file again, and strictly."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def fingerprint(requirements: str) -> str:
    """Changes with the listed packages and with the Python that they are installed for."""
    names = {"requirements.txt", requirements}
    content = b"".join((ROOT / name).read_bytes() for name in sorted(names))
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


def install(requirements: str) -> None:
    """Make .venv hold `requirements`; at once where the stamp says that it does."""
    stamp = VENV / f"{requirements}.sha256"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == fingerprint(requirements):
        return
    require_space()
    make_venv()
    print(f"Installing {requirements} into .venv …", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"]
    if subprocess.run([*pip, "-r", requirements], cwd=ROOT, check=False).returncode:
        stop(
            f"Could not install {requirements}. Check the network connection, the free disk space "
            "and pip's message above, then run the same command again."
        )
    for name in {"requirements.txt", requirements}:
        (VENV / f"{name}.sha256").write_text(fingerprint(name))


def require_space() -> None:
    free = shutil.disk_usage(ROOT).free
    if free < INSTALL_BYTES and not PYTHON.exists():
        stop(
            f"Not enough disk space for the Python packages: {INSTALL_BYTES // 10**9} GB needed, "
            f"{free / 10**9:.1f} GB free in {ROOT}. Free some space and run this again."
        )


def make_venv() -> None:
    pip = [str(PYTHON), "-c", "import pip"]
    if PYTHON.exists() and not subprocess.run(pip, check=False, capture_output=True).returncode:
        return
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        version = "{}.{}".format(*sys.version_info[:2])
        stop(
            "Python's venv module is missing. On Debian or Ubuntu: "
            f"sudo apt-get install python{version}-venv, then run this again."
        )
    print("Making the virtual environment .venv …", flush=True)
    venv.create(VENV, clear=True, with_pip=True)


def main(command: str, options: list[str]) -> None:
    require_python()
    requirements, arguments = COMMANDS[command]
    os.chdir(ROOT)
    write_bytecode()
    if command == "run":
        require_free_places()
    install(requirements)
    if command in PREPARATIONS:
        prepared = subprocess.run([PYTHON, *PREPARATIONS[command]], check=False)
        if prepared.returncode:
            raise SystemExit(prepared.returncode)
    if command == "bench":
        arguments = [*arguments, str(data_folder(settings()) / DEFAULT_MODEL), *options]
    elif command in WITH_OPTIONS:
        arguments = [*arguments, *options]
    os.execv(PYTHON, [str(PYTHON), *arguments])  # noqa: S606


if __name__ == "__main__":
    if (
        len(sys.argv) < 2
        or sys.argv[1] not in COMMANDS
        or (sys.argv[2:] and sys.argv[1] not in WITH_OPTIONS)
    ):
        stop(f"Usage: python3 scripts/bootstrap.py {'|'.join(COMMANDS)}")
    try:
        main(sys.argv[1], sys.argv[2:])
    except KeyboardInterrupt:
        print("\nStopped. Running the same command again goes on from here.")
        raise SystemExit(130) from None
