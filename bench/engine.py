"""How the engine compares with bare transformers: ratios, measured in turn.

    python bench/engine.py data/models/SmolLM2-135M-Instruct --rounds 5 --tokens 64

With one thread, processor time says what the work costs whoever else is busy; wall time what was
felt. Both ways of a pair run in this process.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.result import in_turn, one_thread, own_clocks, report, say

PROMPTS = [
    "Write a story about a lighthouse.",
    "Explain how rain forms.",
    "List the planets and say a word about each.",
    "Describe a busy market in the morning.",
    "Why is the sky blue?",
    "Tell me about the history of bread.",
    "Give advice to someone who starts a garden.",
    "What does a sailor need to know about the wind?",
]


def main() -> None:
    options = arguments()
    one_thread(options.threads)
    bench = Bench(options.folder, options.tokens, options.threads, options.precision)
    single, batch = ("engine", "generate"), ("at once", "in a row")
    if options.only != "eight":
        report("one stream", in_turn(bench.single_ways(), options.rounds), *single, target=1)
    if options.only != "one":
        report("eight requests", in_turn(bench.batch_ways(), options.rounds), *batch, target=4)
    if options.manager:
        with_manager(bench, options.rounds)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", help="as in ENGINE_DTYPE; the peer keeps the model's own")
    parser.add_argument("--only", choices=("one", "eight"), help="one of the two pairs of ways")
    parser.add_argument("--manager", action="store_true", help="also transformers' own batching")
    return parser.parse_args()


class Bench:
    """The same greedy work done in different ways; no way may stop before `tokens`."""

    def __init__(
        self, folder: Path, tokens: int, threads: int, precision: str | None = None
    ) -> None:
        import dataclasses

        import torch
        from transformers import AutoModelForCausalLM

        from llmkit.engine.loading import load_model
        from llmkit.engine.prompt import PromptBuilder
        from llmkit.engine.runner import Runner
        from llmkit.engine.scheduler import Scheduler
        from llmkit.types import ChatMessage

        torch.set_num_threads(threads)
        self.tokens = tokens
        self.loaded = dataclasses.replace(load_model(folder, dtype=precision), eos=frozenset())
        self.plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self.precision = self.loaded.precision
        self.scheduler = Scheduler(Runner(self.loaded))
        builder = PromptBuilder(folder.name, self.loaded.tokenizer)
        self.prompts = [builder.chat([ChatMessage("user", p)]).tokens for p in PROMPTS]
        say(f"{folder.name}, {self.loaded.precision}, {threads} thread(s), {tokens} tokens each")

    def engine(self, prompts: list[list[int]], tokens: int | None = None) -> None:
        from llmkit.engine.requests import GenerationRequest
        from llmkit.types import GenerationSettings

        settings = GenerationSettings(max_tokens=tokens or self.tokens, temperature=0, seed=0)
        for number, prompt in enumerate(prompts):
            self.scheduler.submit(
                GenerationRequest(str(number), [prompt], settings, ignore, loaded=self.loaded)
            )
        while self.scheduler.running or self.scheduler.waiting:
            self.scheduler.step()
        self.scheduler.runner.release()

    def first(self) -> None:
        self.engine(self.prompts[:1], 1)

    def generate(self) -> None:
        import torch

        ids = torch.tensor([self.prompts[0]])
        output = self.plain.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=self.tokens,
            do_sample=False,
            eos_token_id=-1,
        )
        assert output.shape[1] == ids.shape[1] + self.tokens  # noqa: S101

    def single_ways(self) -> dict[str, Any]:
        return {
            "engine": lambda: own_clocks(lambda: self.engine(self.prompts[:1])),
            "generate": lambda: own_clocks(self.generate),
        }

    def batch_ways(self) -> dict[str, Any]:
        return {
            "at once": lambda: own_clocks(lambda: self.engine(self.prompts)),
            "in a row": lambda: own_clocks(self.in_a_row),
        }

    def in_a_row(self) -> None:
        for prompt in self.prompts:
            self.engine([prompt])


def ignore(event: object) -> None:
    """Nobody listens."""


def with_manager(bench: Bench, rounds: int) -> None:
    """Our batching against transformers' ContinuousBatchingManager, its start not counted."""
    manager = started_manager(bench)
    try:
        for count, what in ((1, "one stream"), (8, "eight requests")):
            report(what, in_turn(manager_ways(manager, bench, count), rounds), "ours", "manager")
    finally:
        manager.stop(block=True)


def manager_ways(manager: Any, bench: Bench, count: int) -> dict[str, Any]:
    return {
        "ours": lambda: own_clocks(lambda: bench.engine(bench.prompts[:count])),
        "manager": lambda: own_clocks(lambda: manage(manager, bench, count)),
    }


def started_manager(bench: Bench) -> Any:
    from transformers import ContinuousBatchingConfig, GenerationConfig

    config = GenerationConfig(max_new_tokens=bench.tokens, do_sample=False, eos_token_id=-1)
    limits = ContinuousBatchingConfig(num_blocks=256, max_batch_tokens=256)
    manager = bench.plain.init_continuous_batching(
        generation_config=config, continuous_batching_config=limits
    )
    manager.start()
    return manager


def manage(manager: Any, bench: Bench, count: int) -> None:
    names = [
        manager.add_request(prompt, max_new_tokens=bench.tokens) for prompt in bench.prompts[:count]
    ]
    left = set(names)
    while left:
        result = manager.get_result(timeout=120)
        if result is not None and result.is_finished():
            left.discard(result.request_id)


if __name__ == "__main__":
    main()
