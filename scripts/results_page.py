"""The tables of docs/results.md, out of what scripts.results measured.

    python -m scripts.results_page docs/results

Everything behind the page's mark is written anew from the folder's JSON files; a run that was not
measured is said to be missing.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Found = Mapping[str, Any]
MARK = "<!-- measured: written by scripts/results_page.py -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    page = folder.with_suffix(".md")
    written = page.read_text(encoding="utf-8").partition(MARK)[0].rstrip()
    sections = [section(folder / f"{name}.json", write) for name, write in SECTIONS.items()]
    page.write_text("\n\n".join([written, MARK.rstrip(), *sections]) + "\n", encoding="utf-8")


def section(path: Path, write: Callable[[Found], str]) -> str:
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    title = f"## {TITLES[path.stem]}"
    return f"{title}\n\n{write(found)}" if found else f"{title}\n\nNot measured yet."


TITLES = {
    "sft": "LoRA instruction tuning on dialogsum",
    "reward": "A reward model from hh-rlhf",
    "ppo": "PPO with that reward model",
}


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = (heads, ("---",) * len(heads), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def change(found: Found, name: str, label: str) -> tuple[str, ...]:
    """Before, after, and the paired change with its interval."""
    before, after, both = (found[f"{name}_{part}"] for part in ("before", "after", "change"))
    return (label, figure(before), figure(after), figure(both), str(both["n"]))


def figure(found: Found) -> str:
    return f"{found['mean']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


HEADS = ("held out", "before", "after", "change", "n")


def sft(found: Found) -> str:
    rows = [
        change(found, name, label)
        for name, label in (
            ("loss", "loss, nats per token"),
            ("rouge1", "ROUGE-1 of a summary"),
            ("rougeL", "ROUGE-L of a summary"),
        )
        if f"{name}_change" in found
    ]
    return table(HEADS, rows)


def reward(found: Found) -> str:
    def share(name: str) -> tuple[str, str]:
        low, high = found[f"{name}_low"], found[f"{name}_high"]
        return f"{found[name]:.1%}", f"{low:.1%} to {high:.1%}"

    names = {
        "held_out_pair_accuracy": "pairs in the right order",
        "length_baseline": "the length-only baseline",
        "gain_over_length": "difference, the same pairs",
        "human_agreement": "two people agree",
        "agreement_with_people": "the model agrees with one of them",
    }
    rows = [(label, *share(name)) for name, label in names.items() if name in found]
    said = (
        f"{found['held_out_pairs']:,.0f} held-out pairs of {found['held_out_prompts']:,.0f} prompts"
        f", up to {found['longest']:,} tokens. Loss {found['held_out_loss']:.3f}, expected "
        f"calibration error {found['calibration_error']:.3f}, correlation of score and length "
        f"{found['score_length_correlation']:.2f}."
    )
    bins = [
        (f"{b['sure']:.1%}", f"{b['right']:.1%}", f"{b['pairs']}") for b in found["reliability"]
    ]
    spread = [
        (side, ", ".join(f"{score:.2f}" for score in scores))
        for side, scores in found["distribution"].items()
    ]
    return "\n\n".join(
        (
            said,
            table(("", "share", "95 %"), rows),
            "How sure it was of a pair, and how often it was right:",
            table(("sure", "right", "pairs"), bins),
            "Normalised scores at the 5th, 25th, 50th, 75th and 95th of a hundred answers:",
            table(("answers", "scores"), spread),
        )
    )


def ppo(found: Found) -> str:
    rows = [
        change(found, name, label)
        for name, label in (
            ("score", "reward model's score"),
            ("length", "tokens of an answer"),
            ("ended", "share that ends by itself"),
            ("alike", f"share that begins “{found['opening']}”"),
        )
    ]
    return f"{table(HEADS, rows)}\n\nKL to the base, nats per answer: {figure(found['kl'])}."


SECTIONS: dict[str, Callable[[Found], str]] = {
    "sft": sft,
    "reward": reward,
    "ppo": ppo,
}

if __name__ == "__main__":
    main()
