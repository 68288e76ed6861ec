"""From a folder to a model that answers. The only door to torch for the server."""

import copy
from collections.abc import Callable
from pathlib import Path

import torch

from llmkit.engine.hub import EngineOptions, Served
from llmkit.engine.loading import load_model
from llmkit.engine.prompt import PromptBuilder
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
    runner = Runner(loaded)
    runner.check()
    scheduler = Scheduler(runner, max_running=options.max_running, max_waiting=options.max_waiting)
    scheduler.start()
    # A copy: the scheduler decodes while requests are being encoded, and encoding changes state.
    return Served(loaded, scheduler, PromptBuilder(loaded.name, copy.deepcopy(loaded.tokenizer)))
