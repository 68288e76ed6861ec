"""Going over to another adapter of a model that is in memory, against reading the model anew.

    python bench/switch.py data/models/SmolLM2-135M-Instruct

Three runs of two steps make two LoRA adapters and a soft prompt of the model. Each round goes, in
one engine, from one to another that is open already, opens one for the first time, and puts the
model away and reads it again. All times go up to the first word of an answer, so they are what a
person waits; bench/adapters.py tells what adapters cost in memory.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.result import one_thread, tell

ROUNDS = 5
ROOT = Path(__file__).resolve().parent.parent
PROMPT = "Write a story about a lighthouse."
WAYS = {"first": "lora", "second": "lora", "soft": "prompt"}
ROWS = [
    {"messages": [{"role": "user", "content": f"What is {n} + {n}?"}], "completion": f"{2 * n}."}
    for n in range(8)
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    one_thread()
    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch)
        (top / "models").mkdir()
        (top / "models" / options.folder.name).symlink_to(options.folder.resolve())
        for name, way in WAYS.items():
            train(top, options.folder, name, way)
        compare(top, options.folder.name)


def train(top: Path, model: Path, name: str, way: str) -> None:
    """A run of two steps by itself, as a worker would start it; its artifact is the adapter."""
    run = top / "runs" / name
    (run / "data").mkdir(parents=True)
    (run / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    asked = {
        "method": "sft",
        "config": {"max_steps": 2, "batch_size": 2, "sample_tokens": 0, "seed": len(name)},
        "model": {"name": model.name, "path": str(model.resolve())},
        "peft": {"kind": way},
        "data": [{"name": "sums", "files": {"train": "data/train.jsonl"}, "weight": 1}],
        "threads": 1,
    }
    (run / "config.json").write_text(json.dumps(asked))
    command = [sys.executable, "-m", "training.run", str(run)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    target = top / "adapters" / model.name / name
    target.parent.mkdir(parents=True, exist_ok=True)
    (run / "artifact").rename(target)


def compare(top: Path, model: str) -> None:
    from llmkit.engine.hub import EngineOptions, ModelHub

    hub = ModelHub(top / "models", EngineOptions())
    try:
        rounds = [times(hub, model) for _ in range(ROUNDS + 1)][1:]
    finally:
        hub.close()
    again = [one["again"] for one in rounds]
    for what in ("open", "open soft prompt", "first time"):
        spent = [one[what] for one in rounds]
        ratios = [b / a for a, b in zip(spent, again, strict=True)]
        note = f"medians {1000 * median(again):.0f} ms and {1000 * median(spent):.1f} ms"
        target = 10 if what != "first time" else 0
        tell(
            f"reading the model anew ÷ switching ({what})", "wall", ratios, target=target, note=note
        )


def times(hub: Any, model: str) -> dict[str, float]:
    """Seconds up to the first word, by what had to be done before it."""
    first, second, soft = (f"{model}:{name}" for name in WAYS)
    hub.unload(model)
    again = seconds(hub, model)
    opened = seconds(hub, first)
    for name in (second, soft):
        seconds(hub, name)
    return {
        "again": again,
        "first time": opened,
        "open": median([seconds(hub, first), seconds(hub, second), seconds(hub, first)]),
        "open soft prompt": seconds(hub, soft),
    }


def seconds(hub: Any, name: str) -> float:
    start = time.perf_counter()
    lease = hub.acquire(name)
    try:
        first_word(lease.future.result())
        return time.perf_counter() - start
    finally:
        lease.release()


def first_word(served: Any) -> None:
    import threading

    from llmkit.engine.requests import GenerationRequest
    from llmkit.types import GenerationSettings

    ended = threading.Event()

    def hear(event: object) -> None:
        if type(event).__name__ in {"Done", "Failed"}:
            ended.set()

    settings = GenerationSettings(max_tokens=1, temperature=0)
    prompt = served.prompts.plain(PROMPT).tokens
    served.backend.submit(GenerationRequest("1", [prompt], settings, hear, loaded=served.loaded))
    ended.wait()


if __name__ == "__main__":
    main()
