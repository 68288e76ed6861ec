"""What runs inside the sandbox: a program, then its tests. It says at its end which of them failed.

The program's own output goes nowhere. An exit before the tests are through is no pass, because the
token is only written after them.
"""

import json
import os
import sys


def main() -> None:
    job = json.load(sys.stdin)
    answer = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    said = judged(job["program"], job["tests"], job["token"])
    os.write(answer, said.encode(errors="replace"))


def judged(program: str, tests: str, token: str) -> str:
    space: dict[str, object] = {"__name__": "answer"}
    try:
        exec(compile(program, "answer", "exec"), space)  # noqa: S102
        exec(compile(tests, "tests", "exec"), space)  # noqa: S102
    except BaseException as error:
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return f"failed {token} {words[:200]}\n"
    return f"passed {token}\n"


if __name__ == "__main__":
    main()
