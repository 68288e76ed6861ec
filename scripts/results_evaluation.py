"""What the default model scores on real benchmarks, out of what `manage.py evaluate` printed.

    python -m scripts.results_evaluation docs/results/evaluation

The folder has one JSON file for each run, as `evaluate --format json` prints it, and for each pair
of runs that are compared one as `compare --runs A,B --format json` prints it. Everything behind
the page's mark, up to the next one, is written anew.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation import benchmarks, metrics
from llmkit.registry import RegistryError

Found = Mapping[str, Any]
BEGIN = "<!-- evaluation: written by scripts/results_evaluation.py -->\n"
END = "<!-- end of evaluation -->\n"
HEADS = ("task", "how it is asked", "measure", "score", "95 %", "n")
PAIR_HEADS = ("DialogSum", "ROUGE-L", "difference", "95 %", "p")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    page = folder.parent.with_suffix(".md")
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(before + BEGIN + "\n" + written(folder) + "\n" + END + after, encoding="utf-8")


def written(folder: Path) -> str:
    read = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    runs = [one for one in read.values() if one.get("status") == "succeeded"]
    pairs = [one for one in read.values() if "tasks" in one]
    parts = [table(HEADS, [line for run in runs for line in lines(run)])]
    if pairs:
        parts += [
            "The same dialogues with worked examples before them, by a paired bootstrap. A "
            "difference is real where its interval leaves out 0:",
            table(PAIR_HEADS, [line for pair in pairs for line in pair_lines(pair)]),
        ]
    parts += ["Each number's command:", commands(runs)]
    return "\n\n".join(parts) + "\n"


def lines(run: Found) -> Iterator[tuple[str, ...]]:
    """A run's main measures, and those that stand beside them in its task."""
    for score in run["scores"]:
        low, high = score["interval"]
        between = "" if low is None else f"{low:.3f} to {high:.3f}"
        yield (
            benchmarks.task(score["task"]).title if score["main"] else "",
            how(run) if score["main"] else "",
            label(score["measure"]),
            f"{score['value']:.3f}",
            between,
            f"{score['n']:,}",
        )


def how(run: Found) -> str:
    told = [
        f"first {run['limit']:,}" if run["limit"] else "all",
        "" if run["shots"] is None else f"{run['shots']} shots",
        "chat template" if run["chat_template"] else "",
    ]
    return ", ".join(filter(None, told))


def label(measure: str) -> str:
    try:
        return metrics.measure_named(measure)[1].label
    except RegistryError:
        return measure


def pair_lines(pair: Found) -> Iterator[tuple[str, ...]]:
    for one in pair["tasks"]:
        (first, mine), (second, other) = one["scores"].items()
        low, high = one["interval"]
        shots = [name.split(", ")[1] for name in (first, second)]
        yield (
            f"{shots[0]} against {shots[1]}",
            f"{mine:.3f} and {other:.3f}",
            f"{one['difference']:+.3f}",
            f"{low:+.3f} to {high:+.3f}",
            f"{one['p']:.3f}",
        )


def commands(runs: Sequence[Found]) -> str:
    told = [
        " ".join(
            filter(
                None,
                (
                    f"python manage.py evaluate --model {run['model']}",
                    f"--benchmark {run['benchmark']}",
                    f"--limit {run['limit']}" if run["limit"] else "",
                    "" if run["shots"] is None else f"--shots {run['shots']}",
                    "--chat-template" if run["chat_template"] else "",
                    "--format json",
                ),
            )
        )
        for run in runs
    ]
    return "\n".join(["```", *told, "```"])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))


if __name__ == "__main__":
    main()
