"""Asking a backend: a scheduler driven by hand, one step at a time, or one that runs by itself."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmkit.engine.backends import Backend
from llmkit.engine.loading import LoadedModel
from llmkit.engine.requests import (
    Done,
    Failed,
    GenerationRequest,
    Position,
    RequestEvent,
    Text,
    Written,
)
from llmkit.engine.scheduler import Scheduler
from llmkit.types import GenerationSettings

if TYPE_CHECKING:
    import torch

GREEDY = GenerationSettings(max_tokens=24, temperature=0, seed=0)


@dataclass
class Asked:
    """A submitted request and everything it was told."""

    request: GenerationRequest
    events: list[RequestEvent] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def hear(self, event: RequestEvent) -> None:
        self.events.append(event)
        if isinstance(event, Failed) or self.request.over:
            self.over.set()

    def wait(self) -> "Asked":
        """Until the backend, which runs by itself, has ended it."""
        if not self.over.wait(60):
            raise TimeoutError(f"no end after {len(self.events)} events")
        return self

    def text(self, choice: int = 0) -> str:
        texts = (e for e in self.events if isinstance(e, Text) and e.choice == choice)
        return "".join(e.text for e in texts)

    def tokens(self, choice: int = 0) -> list[int]:
        return self.request.choices[choice].tokens

    def written(self, choice: int = 0) -> list[Written]:
        """Every token it was told of, in order."""
        texts = (e for e in self.events if isinstance(e, Text) and e.choice == choice)
        return [token for text in texts for token in text.tokens]

    def reasons(self) -> list[str]:
        return [e.reason for e in self.events if isinstance(e, Done)]

    def positions(self) -> list[int]:
        return [e.position for e in self.events if isinstance(e, Position)]

    def errors(self) -> list[str]:
        return [e.error.code for e in self.events if isinstance(e, Failed)]


def ask(
    backend: Backend,
    prompt: Sequence[int] | str,
    settings: GenerationSettings = GREEDY,
    *,
    n: int = 1,
    name: str = "r",
    loaded: LoadedModel | None = None,
    **more: Any,
) -> Asked:
    """Submit a request. `loaded`: an adapted model instead of the backend's own."""
    loaded = loaded or backend.loaded
    ids = ids_of(loaded, prompt) if isinstance(prompt, str) else list(prompt)
    request = GenerationRequest(name, [ids], settings, ignore, loaded=loaded, n=n, **more)
    asked = Asked(request)
    request.sink = asked.hear
    backend.submit(request)
    return asked


def ignore(event: RequestEvent) -> None:
    """Nobody listens yet."""


def ids_of(loaded: LoadedModel, text: str) -> list[int]:
    return [int(i) for i in loaded.tokenizer(text).input_ids]


def run(scheduler: Scheduler, steps: int = 2000) -> None:
    """Step until nothing runs or waits."""
    for _ in range(steps):
        if not (scheduler.running or scheduler.waiting):
            return
        scheduler.step()
    raise AssertionError(f"still busy after {steps} steps")


def reference(loaded: LoadedModel, prompt: Sequence[int], new_tokens: int) -> list[int]:
    """What transformers' own `generate` answers greedily."""
    import torch

    ids = torch.tensor([list(prompt)])
    output: Any = loaded.model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=new_tokens,
        do_sample=False,
        eos_token_id=sorted(loaded.eos) or [-1],
    )
    return [int(i) for i in output[0, 1 if loaded.encoder_decoder else len(prompt) :]]


def damage(folder: Path) -> None:
    """Cut the weights short, as an interrupted copy does."""
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])


def direct_logprobs(loaded: LoadedModel, read: Sequence[int]) -> "torch.Tensor":
    """Log-softmax [length, vocabulary] of transformers' own single forward pass over `read`."""
    import torch

    with torch.inference_mode():
        logits = loaded.model(input_ids=torch.tensor([list(read)]), use_cache=False).logits[0]
    return logits.float().log_softmax(-1)
