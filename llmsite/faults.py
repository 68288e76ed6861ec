"""Faults of pages and of background tasks: which, where, how often; for the admin who looks.

Only the kind of the error and its place in the code are kept: what it says may hold somebody's
words. The log has all of it. Noting a fault never makes another one.
"""

import hashlib
import logging
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from celery.signals import task_failure
from django.conf import settings
from django.core.signals import got_request_exception
from django.db import transaction

from llmsite.models import Fault

log = logging.getLogger(__name__)


def of_request(sender: Any, request: Any = None, **about: Any) -> None:
    error = sys.exc_info()[1]
    if error is not None:
        note(Fault.Source.PAGE, error, route_of(request))


def route_of(request: Any) -> str:
    """The address as it is written in urls.py: what stands in its place may be somebody's token."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match is not None else ""


def of_task(sender: Any = None, exception: BaseException | None = None, **about: Any) -> None:
    if exception is not None:
        note(Fault.Source.TASK, exception, getattr(sender, "name", ""))


def note(source: str, error: BaseException, doing: str) -> None:
    what, where = type(error).__name__, place_of(error.__traceback__)
    key = hashlib.sha256(f"{source} {what} {where}".encode()).hexdigest()
    try:
        with transaction.atomic():
            Fault.objects.note(key, source=source, what=what, where=where, doing=doing[:300])
    except Exception:
        log.exception("A fault could not be noted: %s in %s", what, where)


def place_of(trace: TracebackType | None) -> str:
    """The innermost place in this site's own code, else the innermost of all."""
    own, last = "", ""
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        last = f"{path.name}:{trace.tb_lineno}"
        if path.is_relative_to(settings.BASE_DIR) and ".venv" not in path.parts:
            own = f"{path.relative_to(settings.BASE_DIR)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return (own or last)[:200]


def watch() -> None:
    got_request_exception.connect(of_request)
    task_failure.connect(of_task)
