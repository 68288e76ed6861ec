"""What is known once the rows were read with the model's tokenizer. torch is read here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

from llmkit.configs import read
from training import methods
from training.methods.look import Look
from training.run.work import read_rows
from training.statistics import histogram, spread

MOST_ROWS = 4000
BLOCK = 100
SPLITS = ("train", "validation")
SHOWN_TOKENS = 600


@dataclass(frozen=True)
class Request:
    """`config` and `peft` as in a run's config.json; `data`: for each dataset the path and the
    number of rows of each split; `adapter` the folder of one to go on from."""

    method: str
    config: Mapping[str, Any]
    peft: Mapping[str, Any]
    model: str
    adapter: str | None = None
    data: Sequence[Mapping[str, tuple[str, int]]] = field(default_factory=tuple)


def facts(request: Request) -> dict[str, Any]:
    """For JSON: {"splits", "units", "example", "window", "counts", "device"}."""
    from llmkit.tuning.devices import device
    from llmkit.tuning.opening import open_reading

    reading = open_reading(Path(request.model))
    looks = {split: looked(request, reading, split) for split in SPLITS}
    first = next((found for found in looks["train"] if found.look.examples), None)
    return {
        "splits": {split: summary(found) for split, found in looks.items()},
        "units": [found.scaled(found.look.units) for found in looks["train"]],
        "example": shown(reading, first.look) if first else [],
        "window": reading.window,
        "counts": counts(request),
        "device": device(),
    }


@dataclass(frozen=True)
class Seen:
    """One dataset's split: `read` of its `rows` were looked at."""

    look: Look
    rows: int
    read: int

    def scaled(self, number: int) -> int:
        return round(number * self.rows / self.read) if self.read else 0


def looked(request: Request, reading: Any, split: str) -> list[Seen]:
    method = methods.get(request.method)
    config = read(method.config, request.config)
    found = []
    for files in request.data:
        path, rows = files.get(split, ("", 0))
        sample = list(sampled(Path(path), rows)) if rows else []
        found.append(Seen(method.look(config, reading, sample), rows, len(sample)))
    return found


def sampled(path: Path, rows: int) -> Iterator[dict[str, Any]]:
    """All rows, or blocks of neighbours that lie evenly apart: pairs of one prompt lie together."""
    found = read_rows(path)
    if rows <= MOST_ROWS:
        return found
    apart = rows * BLOCK // MOST_ROWS
    blocks = range(0, rows - BLOCK, apart)
    skips = chain([0], (later - earlier - BLOCK for earlier, later in pairwise(blocks)))
    return chain.from_iterable(block(found, skip) for skip in skips)


def block(rows: Iterator[dict[str, Any]], skip: int) -> list[dict[str, Any]]:
    next(islice(rows, skip, skip), None)
    return list(islice(rows, BLOCK))


def summary(found: Sequence[Seen]) -> dict[str, Any]:
    """Numbers of a split over all its datasets; estimated where only a part was read."""
    lengths = [length for each in found for length in each.look.lengths]
    names = ("units", "learned", "cut", "dropped")
    totals = {name: sum(each.scaled(getattr(each.look, name)) for each in found) for name in names}
    return totals | {
        "rows": sum(each.rows for each in found),
        "read": sum(each.read for each in found),
        "unit": found[0].look.unit if found else "rows",
        "learns": found[0].look.learns if found else "tokens",
        "why": next((each.look.why for each in found if each.look.why), ""),
        "tokens": sum(each.scaled(sum(each.look.lengths)) for each in found),
        "most": max((each.look.most for each in found), default=1),
        "lengths": spread(lengths) if lengths else None,
        "histogram": histogram(lengths) if lengths else [],
    }


def shown(reading: Any, look: Look) -> list[dict[str, Any]]:
    """The first example as the model reads it: pieces of text, each learned or not."""
    from llmkit.tuning.sequences import IGNORED

    example, pieces = look.examples[0], []
    marks = [label != IGNORED for label in example.labels]
    begin = 0
    for place in range(1, len(marks) + 1):
        if place == len(marks) or marks[place] != marks[begin]:
            tokens = example.tokens[begin:place]
            pieces.append(piece(reading, tokens, learned=marks[begin]))
            begin = place
    return pieces


def piece(reading: Any, tokens: Sequence[int], *, learned: bool) -> dict[str, Any]:
    """What is left out of the middle of a long one is counted."""
    half = SHOWN_TOKENS // 2
    left_out = max(0, len(tokens) - SHOWN_TOKENS)
    parts = [tokens] if not left_out else [tokens[:half], tokens[-half:]]
    text = " … ".join(reading.tokenizer.decode(part) for part in parts)
    return {"text": text, "learned": learned, "tokens": len(tokens), "left_out": left_out}


def counts(request: Request) -> dict[str, int]:
    """Of the model and of what learns, before it is built."""
    from llmkit.tuning.counts import before_building, in_adapter

    peft = dict(request.peft)
    way = str(peft.pop("kind", "lora"))
    if request.adapter:
        trainable = in_adapter(Path(request.adapter))
        return {"trainable": trainable, "total": before_building(request.model, "full", None).total}
    from llmkit import tuning

    found = before_building(request.model, way, read(tuning.get(way).config, peft))
    return {"trainable": found.trainable, "total": found.total}
