"""The preparing process: `python -m training.preparing`, with a Request on stdin."""

import os
import resource
import signal
from typing import Any

from llmkit.adding.errors import AddError
from llmkit.adding.request import Report
from llmkit.childside import serve
from training.preparing.request import Request, of_dict

TOO_SLOW = "Reading it takes too long. Split it into smaller files."


def work(asked: dict[str, Any], report: Report) -> dict[str, Any]:
    request = of_dict(asked)
    set_environment()
    limit(request)
    from training.preparing.building import build
    from training.preparing.looking import look
    from training.tables import TableError

    try:
        return build(request, report) if request.choices else look(request, report)
    except TableError as error:
        raise AddError(str(error)) from error
    except MemoryError as error:
        raise AddError("Reading it takes more memory than allowed. Split it.") from error


def limit(request: Request) -> None:
    """Before anything of the file is looked at. What is not covered: it could open connections."""
    resource.setrlimit(resource.RLIMIT_AS, (request.memory, request.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (request.seconds, request.seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, too_slow)


def too_slow(number: int, frame: object) -> None:
    raise AddError(TOO_SLOW)


def set_environment() -> None:
    """Before the libraries are imported, which read it once."""
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_XET"] = "1"
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"


if __name__ == "__main__":
    serve(work)
