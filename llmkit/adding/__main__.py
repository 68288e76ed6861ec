"""The adding process: `python -m llmkit.adding`, with a Request on stdin."""

import os
from typing import Any

from llmkit.adding.request import Report, Request
from llmkit.childside import serve


def work(asked: dict[str, Any], report: Report) -> dict[str, Any]:
    request = Request(**asked)
    set_environment(request)
    from llmkit.adding.building import build

    return build(request, report)


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


if __name__ == "__main__":
    serve(work)
