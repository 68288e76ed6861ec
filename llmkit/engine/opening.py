"""From a folder to a model that answers. The only door to torch for the server."""

import copy
from collections.abc import Callable
from pathlib import Path

import torch

from llmkit.engine.backends import Backend
from llmkit.engine.backends.chooser import Chooser
from llmkit.engine.backends.plain import PlainBackend
from llmkit.engine.hub import EngineOptions, Served
from llmkit.engine.loading import LoadedModel, load_model
from llmkit.engine.prompt import prompt_builder
from llmkit.engine.release import give_memory_back
from llmkit.engine.runner import Runner
from llmkit.engine.scheduler import Scheduler


def open_model(
    folder: Path, options: EngineOptions, progress: Callable[[float], None] = lambda fraction: None
) -> Served:
    """Load, check and start. EngineError(model_failed) with a sentence when it cannot be used.

    `progress` hears how much of the work is done, 0..1.
    """
    torch.set_num_threads(options.threads)
    loaded = load_model(folder, dtype=options.dtype, progress=progress)
    loaded.batches = loaded.batches and Runner(loaded).agrees()
    give_memory_back()  # the weights as they were read, where packed ones took their place
    backend = backend_for(loaded, options)
    backend.start()
    # A copy: the backend decodes while requests are being encoded, and encoding changes state.
    tokenizer = copy.deepcopy(loaded.tokenizer)
    prompts = prompt_builder(loaded.name, tokenizer, loaded.encoder_decoder)
    return Served(loaded, backend, prompts)


def backend_for(loaded: LoadedModel, options: EngineOptions) -> Backend:
    """By what the model allows, what was asked for (`options.backend`), and the device.

    `auto`: paged on a GPU, which paged attention was made for, in-flight batching on a processor,
    where it is as fast and takes seeds (docs/decisions/0003-engine-scheduling.md).
    """
    limits = {"max_running": options.max_running, "max_waiting": options.max_waiting}
    plain = PlainBackend(loaded, max_waiting=options.max_waiting)
    if options.backend == "plain" or not loaded.batches:
        return plain
    inflight = Scheduler(Runner(loaded), **limits)
    auto = "paged" if loaded.device.type == "cuda" else "inflight"
    if (auto if options.backend == "auto" else options.backend) == "inflight":
        return Chooser([inflight, plain])
    from llmkit.engine.backends.paged import PagedBackend

    return Chooser([PagedBackend(loaded, **limits), inflight, plain])
