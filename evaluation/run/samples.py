"""What each item was asked and what came of it, one JSON line an item, and a way to leaf through.

{"id": "cola-17", "cluster": "cola-17", "prompt": "…", "output": "…", "references": ["…"],
 "choices": ["no", "yes"], "chosen": 1, "loglikelihoods": [-4.1, -2.0],
 "values": {"acc": 1.0}, "category": "sums"}

`cluster` is the source item: items of one cluster are drawn together by a paired test. `values`
holds the item's own share of each measure, where a measure has one. An index beside the file holds
where each line begins, so that a page of ten thousand items reads only what it shows.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.run.folder import write_whole

FOLDER = "samples"
Sample = dict[str, Any]


@dataclass(frozen=True)
class Index:
    """`starts` are byte offsets of the lines, `right` says of each whether it was right (1), wrong
    (0), or neither (None); `main` is the measure that says so."""

    starts: Sequence[int]
    right: Sequence[int | None]
    main: str = ""

    def places(self, only: str = "") -> list[int]:
        """Places of the lines that are `right` or `wrong`, or of all."""
        wanted = {"right": 1, "wrong": 0}.get(only)
        every = range(len(self.starts))
        return [n for n in every if not only or self.right[n] == wanted]


def tasks_in(run: Path) -> list[str]:
    return sorted(path.stem for path in (run / FOLDER).glob("*.jsonl"))


def write(run: Path, task: str, samples: Iterable[Sample], *, main: str = "") -> int:
    """The whole file with its index, or what was there before; how many there are."""
    path = _file(run, task)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}")
    starts, found = [], list(samples)
    with beside.open("wb") as file:
        for sample in found:
            starts.append(file.tell())
            file.write(json.dumps(sample, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    index = {"main": main, "starts": starts, "right": _right(found, main)}
    write_whole(_index(run, task), json.dumps(index))
    beside.replace(path)
    return len(starts)


def _right(found: Sequence[Sample], main: str) -> list[int | None]:
    """Only where the measure says right or wrong: a ROUGE of 0 is no fault."""
    values = [sample.get("values", {}).get(main) for sample in found]
    plain = all(value in (0, 1, None) for value in values)
    return [int(value) if plain and value is not None else None for value in values]


def read(run: Path, task: str) -> Iterator[Sample]:
    """Every item in its order; nothing where the task has none."""
    path = _file(run, task)
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def index_of(run: Path, task: str) -> Index:
    try:
        found: Mapping[str, Any] = json.loads(_index(run, task).read_text())
    except (OSError, ValueError):
        return Index((), ())
    return Index(found["starts"], found["right"], found["main"])


def at(run: Path, task: str, starts: Iterable[int]) -> list[Sample]:
    """The items whose lines begin there."""
    found = []
    with _file(run, task).open("rb") as file:
        for start in starts:
            file.seek(start)
            found.append(json.loads(file.readline()))
    return found


def _file(run: Path, task: str) -> Path:
    return run / FOLDER / f"{_plain(task)}.jsonl"


def _index(run: Path, task: str) -> Path:
    return run / FOLDER / f"{_plain(task)}.index.json"


def _plain(task: str) -> str:
    """A task's name as a file's: `dataset:name` has a colon, and nothing may lead elsewhere."""
    return "".join(char if char.isalnum() or char in "._-" else "_" for char in task).lstrip(".")
