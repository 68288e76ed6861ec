"""An evaluation through our stack beside lm-evaluation-harness's own Hugging Face backend.

    python bench/evaluation.py data/models/SmolLM2-135M-Instruct

The same items of the starter pack, in turn, on one thread: each way opens the model, asks, and
computes its numbers; ours also keeps every answer and sample in the run's folder. The harness gets
float32, in which it is quickest on a processor without bfloat16, and is measured one item at a
time, as it comes, and as many at once as we do. Below 1 is quicker than the harness.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.result import Spent, in_turn, one_thread, own_clocks, say, tell

TASKS = {
    "log-likelihood": ("starter_facts", "starter_sentiment", "starter_sentiment_typos"),
    "generation": ("starter_arithmetic",),
}
TARGETS = {"log-likelihood": 1.0, "generation": 0.5}
TOGETHER = 8


def main() -> None:
    options = arguments()
    one_thread(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        for what in options.only:
            bench = Bench(options, TASKS[what], Path(scratch))
            spent = in_turn(bench.ways(), options.rounds)
            for size in options.batches:
                compared(what, spent, size)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--dtype", default="float32", help="of the harness; or auto, bfloat16")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, TOGETHER])
    return parser.parse_args()


def compared(what: str, spent: dict[str, list[Spent]], size: int) -> None:
    """Ours ÷ theirs; what is wanted is of the harness as it comes."""
    ours, theirs = spent["ours"], spent[f"harness, {size} at a time"]
    for clock in Spent._fields:
        mine, other = ([getattr(one, clock) for one in each] for each in (ours, theirs))
        note = f"medians {statistics.median(mine):.1f} and {statistics.median(other):.1f} s"
        ratios = [a / b for a, b in zip(mine, other, strict=True)]
        target = TARGETS[what] if size == 1 and clock == "wall" else 0
        label = f"{what} evaluation: ours ÷ harness, {size} at a time"
        tell(label, clock, ratios, target=target, at_most=True, note=note)


class Bench:
    """The same items asked by both; the numbers are held against each other after every round."""

    def __init__(self, options: argparse.Namespace, tasks: Sequence[str], scratch: Path) -> None:
        from evaluation import benchmarks
        from evaluation.benchmarks import bringing

        self.options, self.scratch = options, scratch
        self.model, self.rounds = options.folder.resolve(), 0
        self.tasks = [benchmarks.task(name) for name in tasks]
        homes = [benchmarks.task(task.home) for task in self.tasks]
        self.data = [
            {split: str(each.path) for split, each in bringing.local(home, scratch).items()}
            for home in homes
        ]
        items = sum(task.size for task in self.tasks)
        say(f"{self.model.name}, {items} items of {', '.join(tasks)}")

    def ways(self) -> dict[str, Any]:
        ways: dict[str, Any] = {"ours": lambda: own_clocks(self.ours)}
        for size in self.options.batches:
            name = f"harness, {size} at a time"
            ways[name] = lambda size=size: own_clocks(lambda: self.harness(size))
        return ways

    def config(self) -> dict[str, Any]:
        return {
            "model": {"name": self.model.name, "path": str(self.model)},
            "tasks": [
                {**task.to_dict(), "data": each}
                for task, each in zip(self.tasks, self.data, strict=True)
            ],
            "together": TOGETHER,
            "threads": self.options.threads,
        }

    def ours(self) -> None:
        from evaluation.run.running import SUCCEEDED, run
        from training.run.folder import RunFolder
        from training.run.stopping import Stop

        self.rounds += 1
        folder = RunFolder(self.scratch / f"{self.tasks[0].name}-{self.rounds}")
        folder.write_config(self.config())
        if run(folder, Stop()) != SUCCEEDED:
            raise SystemExit(folder.events_file.read_text()[-2000:])
        self.found = json.loads((folder.path / "scores.json").read_text())

    def harness(self, size: int) -> None:
        from evaluation.run import harness
        from evaluation.run.spec import spec_of

        spec = spec_of(self.config())
        harness.prepare(spec)
        from lm_eval.evaluator import evaluate
        from lm_eval.models.huggingface import HFLM

        model = HFLM(
            pretrained=str(self.model), dtype=self.options.dtype, batch_size=size, device="cpu"
        )
        built: dict[str, Any] = {}
        for asked in spec.tasks:
            built |= harness.built(asked, spec, self.scratch)
        found = evaluate(lm=model, task_dict={"tasks": built})
        self.hold_against(found["results"], size)

    def hold_against(self, theirs: dict[str, Any], size: int) -> None:
        """Batches round differently, so a number of twenty items may differ by one of them."""
        for score in self.found:
            name, _, filtered = score["measure"].partition(":")
            known = theirs[score["task"]].get(f"{name},{filtered or 'none'}")
            if known is not None and abs(known - score["value"]) > 1e-6:
                what = f"{score['task']} {score['measure']}"
                say(f"  {what}: ours {score['value']:.3f}, theirs {known:.3f} ({size} at a time)")


if __name__ == "__main__":
    main()
