"""A plan in lines of text, for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmkit.sizes import in_words

PARTS = ("weights", "gradients", "optimiser", "activations", "temporary", "program")


def lines(plan: Mapping[str, Any]) -> Iterator[str]:
    for name, split in plan["splits"].items():
        yield f"{name}: {in_split(split)}"
    counts = plan["counts"]
    yield f"Steps: {plan['steps']:,}."
    yield f"Learns: {counts['trainable']:,} of {counts['total']:,} ({counts['share']:.2%})."
    yield from table(plan["memory"]["cells"])
    yield plan["memory"]["sentence"]


def in_split(split: Mapping[str, Any]) -> str:
    if not split["rows"]:
        return "no rows."
    partly = "" if split["read"] == split["rows"] else f", estimated from {split['read']:,}"
    lengths = split["lengths"] or {"median": 0, "max": 0}
    said = (
        f"{split['units']:,} {split['unit']} of {split['rows']:,} rows{partly}; "
        f"{split['tokens']:,} tokens, in the middle {lengths['median']:g}, at most "
        f"{lengths['max']:,}; "
        f"{split['cut']:,} cut, {split['dropped']:,} left out"
    )
    return f"{said} ({split['why']})." if split["dropped"] and split["why"] else f"{said}."


def table(cells: list[dict[str, Any]]) -> Iterator[str]:
    yield "  ".join([" " * 18, *(f"{name:>11}" for name in (*PARTS, "total"))])
    for cell in cells:
        name = f"{cell['precision']}, {'all' if cell['full'] else 'adapter'}"
        sizes = [in_words(cell[part]) for part in (*PARTS, "total")]
        if not cell["possible"]:
            sizes = [sizes[0], "can't learn", *[""] * len(PARTS[2:]), ""]
        mark = "*" if cell["chosen"] else " "
        yield "  ".join([f"{mark} {name:<16}", *(f"{size:>11}" for size in sizes)]).rstrip()
