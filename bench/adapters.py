"""What eight LoRA adapters cost beside one model: memory of whole processes, and speed in company.

    python bench/adapters.py data/models/SmolLM2-135M-Instruct

Each way is measured in a process of its own: resident memory after every model and adapter has
answered once. The adapters are random, rank 8 on every linear layer, made and saved by PEFT.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.result import say, tell

ADAPTERS = 8
RANK = 8
PROMPT = "Write a story about a lighthouse."
ROUNDS, HOLDS = 3, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--child", choices=sorted(CHILDREN))
    parser.add_argument("--adapters", type=Path)
    options = parser.parse_args()
    if options.child:
        CHILDREN[options.child](options.folder, options.adapters)
    else:
        compare_memory(options.folder)


def compare_memory(folder: Path) -> None:
    """Prints memory with eight adapters ÷ one model, and what turns between adapters cost."""
    with tempfile.TemporaryDirectory() as scratch:
        adapters = Path(scratch)
        child("make", folder, adapters)
        empty = adapters / "none"
        empty.mkdir()
        pairs = [(held(folder, adapters), held(folder, empty)) for _ in range(HOLDS)]
        many, one = (statistics.median(column) for column in zip(*pairs, strict=True))
        medians = f"medians {many / 2**20:.0f} and {one / 2**20:.0f} MB"
        ratios = [many / one for many, one in pairs]
        what = f"one model with {ADAPTERS} adapters ÷ one model"
        tell(what, "memory", ratios, target=1.2, at_most=True, note=medians)
        say(child("speed", folder, adapters).strip())


def held(folder: Path, adapters: Path) -> int:
    """Resident bytes of an engine that has answered with the model and each adapter."""
    return int(child("hold", folder, adapters).split()[-1])


def child(what: str, folder: Path, adapters: Path) -> str:
    command = [sys.executable, __file__, str(folder), "--child", what, "--adapters", str(adapters)]
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    environment = {**threads, "HF_HUB_OFFLINE": "1", **os.environ}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def make(folder: Path, adapters: Path) -> None:
    """Write the adapters; their weights are random, so each answers in its own way."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    config = LoraConfig(r=RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    adapted = get_peft_model(model, config)
    for number in range(ADAPTERS):
        for weight in adapted.parameters():
            if weight.requires_grad:
                torch.nn.init.normal_(weight, std=0.02)
        adapted.save_pretrained(str(adapters / f"adapter{number}"))


def opened(folder: Path, adapters: Path) -> tuple[Any, list[Any]]:
    """What serves the model, and the bare model followed by every adapted one."""
    from llmkit.engine.adapters import adapter_names, open_adapter
    from llmkit.engine.hub import EngineOptions
    from llmkit.engine.opening import open_model

    served = open_model(folder, EngineOptions(max_running=ADAPTERS, dtype="float32"))
    names = adapter_names(adapters)
    adapted = [open_adapter(served.loaded, adapters / name) for name in names]
    return served, [served.loaded, *adapted]


def hold(folder: Path, adapters: Path) -> None:
    import psutil

    served, models = opened(folder, adapters)
    for loaded in models:
        answer(served, [loaded], 4)
    say(str(psutil.Process().memory_info().rss))
    served.backend.close()


def speed(folder: Path, adapters: Path) -> None:
    """Eight requests to eight adapters ÷ eight to one of them, in processor time."""
    served, models = opened(folder, adapters)
    ratios = []
    for _ in range(ROUNDS + 1):
        apart = seconds(lambda: answer(served, models[1:], 16))
        together = seconds(lambda: answer(served, [models[1]] * ADAPTERS, 16))
        ratios.append(apart / together)
    say(
        f"{ADAPTERS} requests, processor time: each its own adapter ÷ all the same = "
        f"{statistics.median(ratios[1:]):.2f}× (n={ROUNDS})"
    )
    served.backend.close()


def seconds(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def answer(served: Any, models: list[Any], tokens: int) -> None:
    """One request to each of `models` at once, until all have ended."""
    import threading

    from llmkit.engine.requests import GenerationRequest
    from llmkit.types import GenerationSettings

    settings = GenerationSettings(max_tokens=tokens, temperature=0)
    prompt = served.prompts.plain(PROMPT).tokens
    ends = threading.Semaphore(0)

    def hear(event: object) -> None:
        if type(event).__name__ in {"Done", "Failed"}:
            ends.release()

    for number, loaded in enumerate(models):
        request = GenerationRequest(str(number), [prompt], settings, hear, loaded=loaded)
        served.backend.submit(request)
    for _ in models:
        ends.acquire()


CHILDREN = {"make": make, "hold": hold, "speed": speed}

if __name__ == "__main__":
    main()
