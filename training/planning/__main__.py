"""The looking process, with a request on stdin: see `training.planning.reading.Request`."""

import os
import resource
import signal
from typing import Any

from llmkit.adding.errors import AddError
from llmkit.adding.request import Report
from llmkit.childside import serve

TOO_SLOW = "Looking at the rows takes too long. The run can be started all the same."


def work(asked: dict[str, Any], report: Report) -> dict[str, Any]:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", OMP_NUM_THREADS="1")
    limit(asked.pop("seconds"))
    from llmkit.configs import ConfigError
    from llmkit.types import EngineError
    from training.planning.reading import Request, facts
    from training.run.errors import RunError

    try:
        return facts(Request(**asked))
    except (ConfigError, EngineError, RunError) as error:
        raise AddError(str(error)) from error


def limit(seconds: int) -> None:
    """Of processor time. Memory is not limited: torch reserves far more addresses than it uses."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, too_slow)


def too_slow(number: int, frame: object) -> None:
    raise AddError(TOO_SLOW)


if __name__ == "__main__":
    serve(work)
