"""What is known of a run's rows: asked of the looking process, and kept."""

import hashlib
import json
from threading import BoundedSemaphore
from typing import Any

from django.core.cache import cache

from training.services.child import ChildProcess, is_last
from training.services.errors import RunsError
from training.services.runs.asking import Asked
from training.services.runs.slots import file_of, rows_in

SECONDS, WAIT_SECONDS = 120, 300.0
KEPT = 24 * 60 * 60
SPLITS = ("train", "validation")
_one_at_a_time = BoundedSemaphore(1)


def known(asked: Asked) -> dict[str, Any] | None:
    found: dict[str, Any] | None = cache.get(key_of(asked))
    return found


def facts(asked: Asked) -> dict[str, Any]:
    """RunsError with the sentence of the looking process."""
    with _one_at_a_time:
        found = known(asked)
        if found is None:
            found = looked(request_of(asked))
            cache.set(key_of(asked), found, KEPT)
        return found


def key_of(asked: Asked) -> str:
    """The rows by their content, the model by its own."""
    content = [each.version.content_hash for each in asked.data]
    models = [v.content_hash for v in (asked.model, asked.adapter) if v is not None]
    whole = json.dumps([request_of(asked), content, models], sort_keys=True)
    return f"preflight:{hashlib.sha256(whole.encode()).hexdigest()}"


def request_of(asked: Asked) -> dict[str, Any]:
    """As `training.planning.reading.Request` takes it: only what the answer depends on."""
    return {
        "method": asked.method.name,
        "config": {name: asked.config[name] for name in asked.method.reads},
        "peft": asked.peft,
        "model": str(asked.model.folder),
        "adapter": str(asked.adapter.folder) if asked.adapter else None,
        "data": [
            {
                split: [str(each.version.folder / file_of(each.version, split)), rows]
                for split in SPLITS
                if (rows := rows_in(each.version, split))
            }
            for each in asked.data
        ],
    }


def looked(request: dict[str, Any]) -> dict[str, Any]:
    """By a process of its own, which ends with this block."""
    with ChildProcess("training.planning", request | {"seconds": SECONDS}) as child:
        event = child.next(WAIT_SECONDS)
    if event is None or not is_last(event):
        raise RunsError("Looking at the rows takes too long. The run can be started all the same.")
    if "error" in event:
        raise RunsError(str(event["error"]))
    return dict(event["facts"])
