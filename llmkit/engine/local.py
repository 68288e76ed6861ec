"""The same engine inside the caller's process, for shell commands that find no server running."""

import queue
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from llmkit.engine.entries import is_served
from llmkit.engine.hub import EngineOptions, Served, not_found
from llmkit.engine.requests import Done, Failed, GenerationRequest, RequestEvent, Text
from llmkit.engine.server import share_processor
from llmkit.types import ChatMessage, Finished, GenerationSettings


def generate_once(
    models_dir: Path,
    model: str,
    messages: Sequence[ChatMessage],
    settings: GenerationSettings,
    *,
    threads: int = 1,
    dtype: str | None = None,
    on_text: Callable[[str], None] | None = None,
    on_prompt: Callable[[str], None] | None = None,
) -> tuple[str, Finished]:
    """Load the model, answer once, and forget it. `on_text` hears each piece as it is written,
    `on_prompt` the exact prompt before the first of them.

    EngineError as over HTTP: model_not_found, model_failed, too_long, invalid.
    """
    share_processor(threads)
    options = EngineOptions(threads, max_running=1, max_waiting=0, dtype=dtype)
    served = opened(models_dir, model, options)
    events: queue.SimpleQueue[RequestEvent] = queue.SimpleQueue()
    prompt = served.check_length(served.prompt(messages))
    if on_prompt is not None:
        on_prompt(prompt.text)
    request = GenerationRequest(
        "local", [prompt.tokens], settings.validated(), events.put, loaded=served.loaded
    )
    try:
        served.backend.submit(request)
        return collect(request, events, on_text or (lambda text: None))
    finally:
        served.backend.close()


def opened(models_dir: Path, model: str, options: EngineOptions) -> Served:
    """The model, or the adapter that `model:adapter` names."""
    from llmkit.engine.adapters import adapters_folder, is_adapter, open_adapter, split
    from llmkit.engine.opening import open_model

    name, adapter = split(model)
    folder, home = models_dir / name, adapters_folder(models_dir) / name / adapter
    inside = all(Path(part).name == part for part in (name, adapter))
    if not inside or not is_served(folder) or (adapter and not is_adapter(home)):
        raise not_found(model, sorted(p.name for p in models_dir.glob("*") if is_served(p)))
    served = open_model(folder, options)
    return replace(served, loaded=open_adapter(served.loaded, home)) if adapter else served


def collect(
    request: GenerationRequest,
    events: "queue.SimpleQueue[RequestEvent]",
    on_text: Callable[[str], None],
) -> tuple[str, Finished]:
    pieces: list[str] = []
    while True:
        event = events.get()
        if isinstance(event, Text):
            pieces.append(event.text)
            on_text(event.text)
        elif isinstance(event, Failed):
            raise event.error
        elif isinstance(event, Done):
            return "".join(pieces), summary(request, event)


def summary(request: GenerationRequest, done: Done) -> Finished:
    timings = request.timings()
    return Finished(
        done.reason,
        prompt_tokens=request.prompt_tokens,
        completion_tokens=request.completion_tokens,
        ttft_ms=timings["ttft_ms"],
        total_ms=timings["total_ms"],
    )
