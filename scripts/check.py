"""Every check of the project, each by name, with a summary at the end. `--lint` leaves out tests.

What a run writes lives in .check/, apart from the data of an app that runs from the same folder.
A few tests that fail among all the others are tried once more, alone: the busy machine may be to
blame. Those that pass then are named in the summary as flaky, to be mended.
Where the browser or the servers are missing, their tests are skipped, but never under CI=true.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from scripts import bootstrap, system_packages
from tests import services

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CI = os.environ.get("CI", "").lower() in {"1", "true"}
Results = list[tuple[str, bool, float]]


def environment() -> dict[str, str]:
    """The machine's, with every setting of ours at its default, so that no .env gets in."""
    example = (ROOT / ".env.example").read_text().splitlines()
    names = [line.lstrip("# ").partition("=")[0] for line in example if "=" in line]
    ours = {name: "" for name in names if name.isupper()}
    bootstrap.write_bytecode()
    return {
        **os.environ,
        **ours,
        "DATA_DIR": str(ROOT / ".check" / "data"),
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
    }


LINTS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "djlint format": ["djlint", "templates", "--check"],
    "djlint lint": ["djlint", "templates", "--lint"],
    "import-linter": ["lint-imports"],
    "system check": ["python", "manage.py", "check", "--fail-level", "WARNING"],
    "migrations": ["python", "manage.py", "makemigrations", "--check", "--dry-run"],
}
PYTEST = ["python", "-m", "pytest", "--tb=short"]
IN_PARALLEL = ["-n", "2", "--durations=25"]
SECOND_TRIES = 5
LAST_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
PREPARATIONS = {
    "static files": ["python", "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
    "models": ["python", "manage.py", "fetch_models"],
}


def run(name: str, command: Sequence[str], env: Mapping[str, str], results: Results) -> None:
    print(f"\n== {name}: {' '.join(command)}", flush=True)
    started = time.monotonic()
    path = str(BIN / command[0])
    passed = subprocess.run(
        [path, *command[1:]], cwd=ROOT, env=env, check=False, stdin=subprocess.DEVNULL
    )
    results.append((name, passed.returncode == 0, time.monotonic() - started))


def run_tests(name: str, options: Sequence[str], env: Mapping[str, str], results: Results) -> None:
    LAST_FAILED.unlink(missing_ok=True)
    run(name, [*PYTEST, *IN_PARALLEL, *options], env, results)
    failed = last_failed()
    if results[-1][1] or not 0 < len(failed) <= SECOND_TRIES:
        return
    first = results.pop()
    run(f"{name}, flaky: {' '.join(failed)}", [*PYTEST, *options, *failed], env, results)
    again, passed, seconds = results.pop()
    results.append((again if passed else name, passed, first[2] + seconds))


def last_failed() -> list[str]:
    """Names of the tests that failed in the last run; none where it ended before its tests did."""
    failed = list(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []
    return failed if all("::" in test for test in failed) else []


def run_both(env: Mapping[str, str], results: Results) -> None:
    """The data layer and the sockets once more, on PostgreSQL and Redis."""
    programs, redis = system_packages.find_postgres(), system_packages.find_redis()
    if programs is None or redis is None:
        print("\nPostgreSQL or Redis is missing: their tests were left out.")
        return
    name = "pytest on PostgreSQL and Redis"
    with ExitStack() as stack:
        try:
            servers = {
                "DATABASE_URL": stack.enter_context(services.postgres(programs)),
                "REDIS_URL": stack.enter_context(services.redis(redis)),
            }
        except (services.ServiceError, subprocess.CalledProcessError) as error:
            print(f"\n{error}")
            results.append((name, False, 0.0))
            return
        run_tests(name, ["-m", "both"], {**env, **servers}, results)


def require_programs() -> bool:
    """Whether the tests may count: under CI nothing may be missing, elsewhere it is said."""
    packages = system_packages.missing()
    left = system_packages.install(packages) if packages else []
    if left:
        print(f"\nMissing programs. To install them: {system_packages.how_to_install(left)}")
    return not (left and CI)


def summarise(results: Results) -> int:
    print("\n== Summary")
    for name, passed, seconds in results:
        print(f"{'ok    ' if passed else 'FAILED'} {seconds:6.1f} s  {name}")
    failed = [name for name, passed, _ in results if not passed]
    print(f"Failed: {', '.join(failed)}." if failed else "Every check passed.")
    return 1 if failed else 0


def main(lint_only: bool) -> int:
    env, results = environment(), Results()
    for name, command in LINTS.items():
        run(name, command, env, results)
    if lint_only:
        return summarise(results)
    results.append(("browser, PostgreSQL and Redis at hand", require_programs(), 0.0))
    for name, command in PREPARATIONS.items():
        run(name, command, env, results)
    run_tests("pytest on SQLite", [], env, results)
    run_both(env, results)
    return summarise(results)


if __name__ == "__main__":
    raise SystemExit(main("--lint" in sys.argv[1:]))
