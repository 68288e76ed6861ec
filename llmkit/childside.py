"""A process that does one piece of work: a request on stdin's first line, events on stdout.

It lives as long as stdin is open: when whoever started it is gone, however suddenly, so is it.
"""

import errno
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, TextIO

from llmkit.adding.errors import AddError
from llmkit.adding.request import Progress, Report

FULL = {errno.ENOSPC, errno.EDQUOT}
Work = Callable[[dict[str, Any], Report], dict[str, Any]]


def serve(work: Work) -> None:
    """Do the work that is asked for on stdin; its facts or one sentence are the last event."""
    events = own_stdout()
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    write(events, outcome(work, request, events))


def own_stdout() -> TextIO:
    """The events' way out; whatever libraries print goes to stderr instead."""
    events = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return events


def end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def write(events: TextIO, event: dict[str, Any]) -> None:
    events.write(json.dumps(event) + "\n")
    events.flush()


def outcome(work: Work, request: dict[str, Any], events: TextIO) -> dict[str, Any]:
    """`{"facts": …}` or `{"error": sentence}`."""

    def report(progress: Progress) -> None:
        write(events, vars(progress))

    try:
        return {"facts": work(request, report)}
    except AddError as error:
        return {"error": str(error)}
    except OSError as error:
        return {"error": disk_error(error)}
    except MemoryError:
        return {"error": "The memory ran out. Unload a model, or use a larger machine."}
    except Exception:
        traceback.print_exc()
        return {"error": "Something went wrong while adding it. The worker's log says what."}


def disk_error(error: OSError) -> str:
    if error.errno in FULL:
        return "The disk became full. Free some space, then try again."
    what = error.strerror or str(error)
    return f"A file can't be read or written ({what}: {error.filename}). Check its permissions."
