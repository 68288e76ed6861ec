"""Several backends over the same weights: each request goes to the first that serves it exactly."""

from collections.abc import Sequence

from llmkit.engine.backends import Backend
from llmkit.engine.inspection import Inspection
from llmkit.engine.requests import GenerationRequest


class Chooser:
    """The choice depends on the request alone, so a cancel finds the backend it went to.

    Every backend has its own bounds; `max_running` is the first one's.
    """

    def __init__(self, backends: Sequence[Backend]) -> None:
        self.backends = backends
        self.loaded = backends[0].loaded
        self.kind = backends[0].kind
        self.max_running = backends[0].max_running

    def _for(self, request: GenerationRequest) -> Backend:
        return next(backend for backend in self.backends if backend.accepts(request))

    def accepts(self, request: GenerationRequest) -> bool:
        return any(backend.accepts(request) for backend in self.backends)

    @property
    def running(self) -> int:
        return sum(backend.running for backend in self.backends)

    @property
    def waiting(self) -> int:
        return sum(backend.waiting for backend in self.backends)

    def submit(self, request: GenerationRequest) -> None:
        self._for(request).submit(request)

    def cancel(self, request: GenerationRequest) -> str:
        return self._for(request).cancel(request)

    def inspect(self, inspection: Inspection) -> None:
        """By the backend that works alone, or in step with the rows it runs beside."""
        able = [backend for backend in self.backends if backend.kind != "paged"]
        (able[0] if inspection.loaded.batches else able[-1]).inspect(inspection)

    def start(self) -> None:
        for backend in self.backends:
            backend.start()

    def close(self, timeout: float = 2) -> None:
        for backend in self.backends:
            backend.close(timeout)
