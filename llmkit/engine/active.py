"""Requests by id, and the cancels that came before their request did."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmkit.engine.requests import GenerationRequest

if TYPE_CHECKING:
    from llmkit.engine.backends import Backend

CANCEL_MEMORY_SECONDS = 60
CANCEL_MEMORY_SIZE = 10_000


@dataclass(frozen=True)
class Active:
    request: GenerationRequest
    backend: "Backend"


class ActiveRequests:
    """Who is being answered. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._active: dict[str, Active] = {}
        self._early: dict[str, float] = {}

    def __contains__(self, request_id: str) -> bool:
        return request_id in self._active

    def add(self, request: GenerationRequest, backend: "Backend") -> None:
        """Register before submitting; a cancel that was remembered is applied now."""
        self._active[request.id] = Active(request, backend)
        remembered = self._early.pop(request.id, None)
        if remembered is not None and self._clock() - remembered <= CANCEL_MEMORY_SECONDS:
            request.cancel()

    def remove(self, request_id: str) -> None:
        self._active.pop(request_id, None)

    def cancel(self, request_id: str) -> str:
        """Cancel now or when it arrives: running, queued or unknown."""
        active = self._active.get(request_id)
        if active is not None:
            return active.backend.cancel(active.request)
        self._forget_old()
        self._early[request_id] = self._clock()
        return "unknown"

    def _forget_old(self) -> None:
        oldest = self._clock() - CANCEL_MEMORY_SECONDS
        fresh = [(k, v) for k, v in self._early.items() if v >= oldest]
        self._early = dict(fresh[-(CANCEL_MEMORY_SIZE - 1) :])
