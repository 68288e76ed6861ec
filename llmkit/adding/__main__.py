"""The adding process: one request on the first line of stdin, events on stdout.

It lives as long as stdin is open: when whoever started it is gone, however suddenly, so is it.
"""

import errno
import json
import os
import sys
import threading
import traceback
from typing import Any, TextIO

from llmkit.adding.errors import AddError
from llmkit.adding.request import Progress, Request

FULL = {errno.ENOSPC, errno.EDQUOT}


def main() -> None:
    events = own_stdout()
    request = Request(**json.loads(sys.stdin.readline()))
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    write(events, outcome(request, events))


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


def outcome(request: Request, events: TextIO) -> dict[str, Any]:
    """`{"facts": …}` or `{"error": sentence}`."""

    def report(progress: Progress) -> None:
        write(events, vars(progress))

    set_environment(request)
    from llmkit.adding.building import build

    try:
        return {"facts": build(request, report)}
    except AddError as error:
        return {"error": str(error)}
    except OSError as error:
        return {"error": disk_error(error)}
    except MemoryError:
        return {"error": "The memory ran out. Unload a model, or use a larger machine."}
    except Exception:
        traceback.print_exc()
        return {"error": "Something went wrong while adding it. The worker's log says what."}


def set_environment(request: Request) -> None:
    """Before the model libraries are imported, which read it once."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_XET"] = "1"  # its way of writing hides how much has arrived
    if request.source != "hub":
        os.environ["HF_HUB_OFFLINE"] = "1"


def disk_error(error: OSError) -> str:
    if error.errno in FULL:
        return "The disk became full. Free some space, then try again."
    what = error.strerror or str(error)
    return f"A file can't be read or written ({what}: {error.filename}). Check its permissions."


if __name__ == "__main__":
    main()
