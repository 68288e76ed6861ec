"""transformers' ContinuousBatchingManager: paged attention, made for GPUs.

The manager batches by itself, on a thread of its own; ours hands it requests and passes its tokens
on. It has no seed per request, no repetition penalty and no alternatives to a token, so requests
with these are not accepted, nor are adapters (it runs the bare model). It runs a twin of the model,
because it may switch the attention implementation, which the other backends over the same weights
must not notice.
"""

import itertools
import os
import queue
from typing import TYPE_CHECKING, Any

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessor,
)

from llmkit.engine.backends.queued import QueuedBackend
from llmkit.engine.backends.writing import end, take
from llmkit.engine.requests import Choice, GenerationRequest
from llmkit.engine.twins import twin

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

PAGE = 256
BATCH_TOKENS = {"cpu": 256, "cuda": 2048}
SHARE_OF_MEMORY = {"cpu": 1 / 32, "cuda": 1 / 3}
HEARTBEAT_SECONDS = 1


class PagedBackend(QueuedBackend):
    """At most `max_running` choices are the manager's at a time; the others wait in our queue."""

    kind = "paged"

    def __init__(
        self, loaded: "LoadedModel", *, max_running: int = 8, max_waiting: int = 64
    ) -> None:
        super().__init__(loaded, max_running=max_running, max_waiting=max_waiting)
        self.blocks = blocks_for(loaded, max_running)
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._running: dict[str, Choice] = {}
        self._names = map(str, itertools.count())
        self._manager: Any = None

    def accepts(self, request: GenerationRequest) -> bool:
        settings = request.settings
        return (
            request.loaded is self.loaded
            and (settings.greedy or settings.seed is None)
            and settings.repetition_penalty == 1
            and request.logprobs is None
            and all(len(c.prompt) + c.limit <= self.blocks * PAGE for c in request.choices)
        )

    def held(self) -> list[Choice]:
        return list(self._running.values())

    def _wake(self) -> None:
        super()._wake()
        self._inbox.put(None)

    def step(self) -> None:
        """Hand over what may start, then wait for the next token of any choice."""
        self.drop_cancelled()
        self._admit()
        try:
            output = self._inbox.get(timeout=HEARTBEAT_SECONDS)
        except queue.Empty:
            output = None
        if output is not None:
            self._hear(output)
        elif self._running and not self._manager.is_running():
            raise RuntimeError("the manager's thread has ended")

    def _admit(self) -> None:
        while (choice := self._next()) is not None:
            name = next(self._names)
            self._running[name] = choice
            self._started().add_request(
                choice.prompt,
                request_id=name,
                max_new_tokens=choice.limit,
                streaming=True,
                eos_token_id=sorted(self.loaded.eos) or [-1],
                **processor_arguments(choice, self.loaded.vocabulary),
            )

    def _next(self) -> Choice | None:
        with self._changed:
            if not self._waiting or len(self._running) >= self.max_running:
                return None
            choice = self._waiting.popleft()
            choice.request.tell_position(0)
            self._tell_positions()
            return choice

    def _hear(self, output: Any) -> None:
        """An output carries all tokens so far; those beyond what the choice has are new.

        One that finishes early has failed, and its manager with it as a rule: nothing more is
        handed to that one, whose thread may live a moment longer.
        """
        choice = self._running.get(output.request_id)
        if choice is None:
            return  # it was cancelled or has ended meanwhile
        for token in output.generated_tokens[len(choice.tokens) :]:
            reason = take(choice, token)
            if reason is not None:
                self.leave(choice)
                end(choice, reason)
                return
        if output.is_finished():
            raise RuntimeError(f"the manager gave up: {output.error}")

    def leave(self, choice: Choice) -> None:
        for name in [name for name, held in self._running.items() if held is choice]:
            del self._running[name]
            self._manager.cancel_request(name)

    def let_go(self) -> list[Choice]:
        """The manager that failed goes with all it had; the next request gets another."""
        held = self.held()
        self._running.clear()
        self._stop(0)
        return held

    def _started(self) -> Any:
        if self._manager is None or not self._manager.is_running():
            self._manager = new_manager(self.loaded, self.blocks, self.max_running)
            self._manager.output_router.output_queue = self._inbox
            self._manager.start()
        return self._manager

    def close(self, timeout: float = 2) -> None:
        super().close(timeout)
        self._stop(timeout)

    def _stop(self, timeout: float) -> None:
        manager, self._manager = self._manager, None
        if manager is not None:
            manager.stop(block=True, timeout=timeout, hard_stop=True)


def new_manager(loaded: "LoadedModel", blocks: int, max_running: int) -> Any:
    """A manager with a cache of `blocks`, whose size it would else take from all free memory.

    Filters of their own per request exist only where the configuration has a value for each that
    would change something.
    """
    filters = GenerationConfig(
        do_sample=True, temperature=0.5, top_k=10, top_p=0.5, eos_token_id=[-1]
    )
    limits = ContinuousBatchingConfig(
        page_size=PAGE,
        num_blocks=blocks,
        max_batch_tokens=max(BATCH_TOKENS[loaded.device.type], max_running),
        max_requests_per_batch=max_running,
        per_request_processors=True,
    )
    manager = twin(loaded.model, own_config=True).init_continuous_batching(
        generation_config=filters, continuous_batching_config=limits
    )
    add_greedy_rows(manager.logit_processor)
    return manager


def blocks_for(loaded: "LoadedModel", max_running: int) -> int:
    """Enough blocks of PAGE tokens for every row to be as long as it may, as far as memory goes."""
    config = loaded.model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    block = PAGE * 2 * loaded.layers * heads * head * loaded.model.dtype.itemsize
    affordable = int(free_memory(loaded.device) * SHARE_OF_MEMORY[loaded.device.type] // block)
    return max(2, min(max_running * (-(-loaded.window // PAGE) + 1), affordable))


def free_memory(device: torch.device) -> int:
    """Bytes: free on a GPU; of the whole machine otherwise."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def processor_arguments(choice: Choice, vocabulary: int) -> dict[str, Any]:
    """Types matter: the manager refuses a whole number where it expects a float."""
    settings = choice.request.settings
    if settings.greedy:
        return {"temperature": 1.0, "top_k": 1, "top_p": 1.0, "greedy": 1}
    return {
        "temperature": float(settings.temperature),
        "top_k": min(settings.top_k or vocabulary, vocabulary),
        "top_p": float(settings.top_p),
        "greedy": 0,
    }


class GreedyRows(ContinuousBatchingLogitsProcessor):
    """Leaves greedy rows their first best token: top-k of 1 alone keeps every one that ties."""

    supported_kwargs: dict[str, type] = {"greedy": int}
    ignored_kwargs: tuple[str, ...] = ()

    def fill_defaults(self, int32_tensor: torch.Tensor) -> None:
        int32_tensor.fill_(0)

    def prepare_tensor_args(self, requests_with_new_token: list[Any]) -> torch.Tensor:
        flags = [r.state.logit_processor_kwargs.get("greedy", 0) for r in requests_with_new_token]
        return torch.tensor(flags, dtype=torch.int32)

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        """Scores [rows, vocabulary], as they are or with one candidate left."""
        greedy = tensor_arg[: scores.shape[0]].bool().unsqueeze(1)
        best = scores.argmax(-1, keepdim=True)
        only = torch.full_like(scores, -torch.inf).scatter(1, best, 0.0)
        return torch.where(greedy, only, scores)


def add_greedy_rows(processors: Any) -> None:
    processors.logits_processor.append(GreedyRows())
    processors.tensors_required += 1
    processors.supported_keys |= GreedyRows.supported_kwargs
