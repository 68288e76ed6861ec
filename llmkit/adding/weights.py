"""The headers of safetensors files: sizes and types, without reading a weight.

The format: eight bytes of little-endian length, that many bytes of JSON (name → dtype, shape,
data_offsets), then the data. See github.com/huggingface/safetensors.
"""

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmkit.adding.errors import AddError, printable
from llmkit.adding.files import INDEX, WEIGHTS

LONGEST_HEADER = 100_000_000
DAMAGED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I8": "int8",
    "U8": "uint8",
    "F8_E4M3": "float8",
    "F8_E5M2": "float8",
}


@dataclass
class Weights:
    """What the files hold together; `by_dtype` counts parameters."""

    by_dtype: Counter[str] = field(default_factory=Counter)

    def add(self, tensor: dict[str, Any]) -> None:
        self.by_dtype[str(tensor["dtype"])] += math.prod(tensor["shape"])

    @property
    def parameters(self) -> int:
        return sum(self.by_dtype.values())

    @property
    def dtype(self) -> str:
        """The one that most parameters are stored in."""
        name = self.by_dtype.most_common(1)[0][0] if self.by_dtype else ""
        return DTYPES.get(name, printable(name.lower(), 40))


def read_weights(folder: Path) -> Weights:
    """All weight files of a folder; AddError where one is missing, cut or not what it says."""
    found = Weights()
    names = sorted(p.name for p in folder.iterdir() if WEIGHTS.fullmatch(p.name))
    missing = sorted(set(shards(folder)) - set(names))
    if missing:
        raise AddError(f"{missing[0]} is missing, so the weights are not whole.")
    for name in names:
        for tensor in tensors(folder / name):
            found.add(tensor)
    return found


def shards(folder: Path) -> list[str]:
    """The files that the index names; none where there is no index."""
    path = folder / INDEX
    if not path.exists():
        return []
    try:
        names = {str(name) for name in json.loads(path.read_text())["weight_map"].values()}
    except DAMAGED as error:
        raise AddError(f"{INDEX} can't be read, so the weights are not whole.") from error
    odd = [name for name in names if not WEIGHTS.fullmatch(name)]
    if odd:
        raise AddError(f"{INDEX} names {odd[0][:80]!r}, which is no weight file of this folder.")
    return list(names)


def is_sound(entry: dict[str, Any]) -> bool:
    """Whether it has a type and its numbers can lie in its bytes: no type is less than a bit."""
    begin, end = entry["data_offsets"]
    shape, has_type = entry["shape"], isinstance(entry["dtype"], str)
    whole = has_type and all(isinstance(n, int) and n >= 0 for n in (*shape, begin, end))
    return whole and math.prod(shape) <= 8 * (end - begin)


def tensors(path: Path) -> list[dict[str, Any]]:
    """The header's entries, checked against the file's length."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > LONGEST_HEADER:
                raise ValueError("longer than any header")
            header = json.loads(file.read(length))
        entries = [entry for name, entry in header.items() if name != "__metadata__"]
        end = max((int(entry["data_offsets"][1]) for entry in entries), default=0)
        if not all(map(is_sound, entries)):
            raise ValueError("shapes and sizes disagree")
    except DAMAGED as error:
        raise AddError(f"{path.name} is not a safetensors file, or it is damaged.") from error
    if path.stat().st_size != 8 + length + end:
        raise AddError(f"{path.name} is cut short or damaged. Get a whole copy of it.")
    return entries
