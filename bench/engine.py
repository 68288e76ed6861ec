"""How the engine compares with bare transformers: ratios, measured in alternation.

    python bench/engine.py data/models/SmolLM2-135M-Instruct --runs 5 --tokens 64

A machine that others use too makes times worthless and ratios of neighbours useful: every round
measures each way once, in turn, and the ratio of each round is taken before the median. With one
thread, processor time says what the work costs whoever else is busy; wall time what was felt.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

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

Way = Callable[[], None]


class Spent(NamedTuple):
    """Seconds on the clock, and seconds of processor time over all threads of this process."""

    wall: float
    processor: float


def main() -> None:
    options = arguments()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    bench = Bench(options.folder, options.tokens, options.threads)
    report(compare(bench.single_ways(), options.runs), "engine", "generate", "one stream")
    report(compare(bench.batch_ways(), options.runs), "at once", "in a row", "eight requests")
    if options.manager:
        with_manager(bench, options.runs)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--manager", action="store_true", help="also transformers' own batching")
    return parser.parse_args()


class Bench:
    """The same greedy work done in different ways; no way may stop before `tokens`."""

    def __init__(self, folder: Path, tokens: int, threads: int) -> None:
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
        self.loaded = dataclasses.replace(load_model(folder), eos=frozenset())
        self.plain = AutoModelForCausalLM.from_pretrained(folder, dtype=self.loaded.model.dtype)
        self.scheduler = Scheduler(Runner(self.loaded))
        builder = PromptBuilder(folder.name, self.loaded.tokenizer)
        self.prompts = [builder.chat([ChatMessage("user", p)]).tokens for p in PROMPTS]
        say(f"{folder.name}, {self.loaded.dtype}, {threads} thread(s), {tokens} tokens each")

    def engine(self, prompts: list[list[int]]) -> None:
        from llmkit.engine.requests import GenerationRequest
        from llmkit.types import GenerationSettings

        settings = GenerationSettings(max_tokens=self.tokens, temperature=0, seed=0)
        for number, prompt in enumerate(prompts):
            self.scheduler.submit(
                GenerationRequest(str(number), [prompt], settings, ignore, loaded=self.loaded)
            )
        while self.scheduler.running or self.scheduler.waiting:
            self.scheduler.step()
        self.scheduler.runner.release()

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

    def single_ways(self) -> dict[str, Way]:
        return {"engine": lambda: self.engine(self.prompts[:1]), "generate": self.generate}

    def batch_ways(self) -> dict[str, Way]:
        return {"at once": lambda: self.engine(self.prompts), "in a row": self.in_a_row}

    def in_a_row(self) -> None:
        for prompt in self.prompts:
            self.engine([prompt])


def ignore(event: object) -> None:
    """Nobody listens."""


def compare(ways: dict[str, Way], runs: int) -> dict[str, list[Spent]]:
    """What each way took in each round, after one warm-up round."""
    spent: dict[str, list[Spent]] = {name: [] for name in ways}
    for turn in range(runs + 1):
        for name, way in ways.items():
            wall, processor = time.perf_counter(), time.process_time()
            way()
            if turn:
                spent[name].append(
                    Spent(time.perf_counter() - wall, time.process_time() - processor)
                )
    return spent


def report(spent: dict[str, list[Spent]], ours: str, theirs: str, what: str) -> None:
    for clock in ("processor", "wall"):
        pairs = zip(spent[theirs], spent[ours], strict=True)
        ratios = sorted(getattr(t, clock) / getattr(o, clock) for t, o in pairs)
        medians = ", ".join(
            f"{name} {statistics.median(getattr(s, clock) for s in all_of):.2f} s"
            for name, all_of in spent.items()
        )
        say(
            f"{what}, {clock} time: {ours} ÷ {theirs} = {statistics.median(ratios):.2f}× "
            f"(rounds {ratios[0]:.2f} to {ratios[-1]:.2f}; n={len(ratios)}; medians {medians})"
        )


def with_manager(bench: Bench, runs: int) -> None:
    """Our batching against transformers' ContinuousBatchingManager, its start not counted."""
    manager = started_manager(bench)
    try:
        for count, what in ((1, "one stream"), (8, "eight requests")):
            ways: dict[str, Way] = {
                "ours": lambda count=count: bench.engine(bench.prompts[:count]),  # type: ignore[misc]
                "manager": lambda count=count: manage(manager, bench, count),  # type: ignore[misc]
            }
            report(compare(ways, runs), "ours", "manager", what)
    finally:
        manager.stop(block=True)


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


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
