"""What answers requests: one interface, several ways to run a model.

`inflight` (llmkit/engine/scheduler.py) batches any company of requests with exact settings and
seeds; others exist for what it cannot run or for devices where another way is faster.
"""

from typing import TYPE_CHECKING, Protocol

from llmkit.engine.requests import GenerationRequest

if TYPE_CHECKING:
    from llmkit.engine.inspection import Inspection
    from llmkit.engine.loading import LoadedModel


class Backend(Protocol):
    """The queue and the running answers of one model with its adapters.

    A request names by its `loaded` whether the bare model or one of its adapters shall answer.
    All methods may be called from any thread.
    """

    loaded: "LoadedModel"
    max_running: int
    kind: str

    @property
    def running(self) -> int:
        """How many answers are being written."""
        ...

    @property
    def waiting(self) -> int:
        """How many requests have not started."""
        ...

    def accepts(self, request: GenerationRequest) -> bool:
        """Whether it can serve the request exactly."""
        ...

    def submit(self, request: GenerationRequest) -> None:
        """Queue a request, or EngineError: busy when it is full, interrupted when it is closed."""
        ...

    def cancel(self, request: GenerationRequest) -> str:
        """Ask for an end; "queued" or "running". What it held is free before the next token."""
        ...

    def inspect(self, inspection: "Inspection") -> None:
        """Do it in pieces on the thread that runs the model; EngineError: busy, interrupted,
        or invalid where this backend cannot look into answers.
        """
        ...

    def start(self) -> None:
        """Answer on threads of its own from now on."""
        ...

    def close(self, timeout: float = 2) -> None:
        """End every request with an error and stop; no request is taken afterwards."""
        ...
