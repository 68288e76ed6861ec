"""What a run will take of memory, before anything is built. Plain arithmetic, in bytes.

For n parameters of which t learn, each held in b bytes, read in batches of T tokens:

    weights      n b, and what an adapter adds; quantised linear layers take 1 or 0.5 bytes a number
                 and their scales (Dettmers et al. 2022, arXiv:2208.07339; 2023, arXiv:2305.14314)
    gradients    t b
    optimiser    2 t b: AdamW's two moments (Loshchilov and Hutter 2019, arXiv:1711.05101); weights,
                 gradients and moments are 16 bytes a parameter in float32, as in Rajbhandari et al.
                 2020 (arXiv:1910.02054, section 3.1)
    activations  T L (10 h + 2 k + 4 f) b: what a layer of width h, with keys and values of width k
                 and a gated feed-forward of width f keeps for its backward pass, where attention is
                 fused and so keeps no scores (Dao et al. 2022, arXiv:2205.14135). Counted as
                 Korthikanti et al. 2022 (arXiv:2205.05198, section 4.1) do for GPT. Without a gate
                 2 f. Recomputed activations keep T L h b and one layer's.
    temporary    what lives for a moment: scores over the vocabulary, and copies of them

As a rule of thumb without any of these numbers, activations and temporary memory are taken for 8
bytes a parameter, which makes 24 in all: 1 billion parameters are 4 GB of float32 weights, and
about 24 GB to train.
"""

from dataclasses import asdict, dataclass
from typing import Any

FLOAT32, BFLOAT16, INT8, INT4 = "float32", "bfloat16", "int8", "int4"
PRECISIONS = (FLOAT32, BFLOAT16, INT8, INT4)
BYTES = {FLOAT32: 4.0, BFLOAT16: 2.0, INT8: 1.0, INT4: 0.5}
SCALE, INT4_BLOCK = 4, 64
MOMENTS = 2
RULE_OF_THUMB = 8  # bytes a parameter, for activations and temporary memory together
ADAPTER = 4  # adapters learn in float32, whatever the base is held in
TILE = (4096, 32_768)  # rows and columns of the scores that are held at once
COPIES = 4
PROGRAM = {"cpu": 550_000_000, "cuda": 900_000_000}  # Python and the libraries; a CUDA context
KEPT_BACK = {"cpu": 1.4, "cuda": 1.1}  # what the allocator does not give back, measured


@dataclass(frozen=True)
class Shape:
    """A model by its numbers. `packed`: those in linear layers, `rows` the rows of these; `kv` the
    width of keys or values; `gated` whether the feed-forward multiplies two projections."""

    parameters: int
    packed: int
    rows: int
    layers: int
    width: int
    kv: int
    feed_forward: int
    vocabulary: int
    gated: bool = True


@dataclass(frozen=True)
class Load:
    """What is read at once with a gradient: `sequences` of `length` tokens.

    `scored`: how many places are scored over the vocabulary at once, `tiled` whether in tiles.
    `adds`: tokens that stand before each sequence (soft prompts). `cached`: tokens of answers that
    are being drawn, whose keys and values are held. `recomputed`: activations are computed twice.
    `batch` is what a person lowers for fewer sequences, of which one counts `each`.
    """

    sequences: int
    length: int
    scored: int
    tiled: bool = True
    adds: int = 0
    cached: int = 0
    recomputed: bool = False
    batch: str = "batch size"
    each: int = 1

    @property
    def tokens(self) -> int:
        return self.sequences * (self.length + self.adds)


@dataclass(frozen=True)
class Cell:
    """One way to hold and train the model. `possible`: quantised weights can't learn themselves."""

    precision: str
    full: bool
    weights: int
    gradients: int
    optimiser: int
    activations: int
    temporary: int
    program: int
    possible: bool = True

    @property
    def total(self) -> int:
        parts = (self.weights, self.gradients, self.optimiser)
        return sum(parts) + self.activations + self.temporary + self.program

    def written(self) -> dict[str, Any]:
        return asdict(self) | {"total": self.total}


def rule_of_thumb(parameters: int) -> Cell:
    """Of training every float32 weight, where nothing but their number is known."""
    held = parameters * 4
    rest = parameters * RULE_OF_THUMB
    return Cell(FLOAT32, True, held, held, MOMENTS * held, rest, 0, 0)


def plan(shape: Shape, load: Load, *, learning: int, device: str = "cpu") -> list[Cell]:
    """Every precision, with all weights learning and with `learning` numbers of an adapter."""
    return [
        cell(shape, load, precision, full=full, learning=learning, device=device)
        for precision in PRECISIONS
        for full in (True, False)
    ]


def cell(
    shape: Shape, load: Load, precision: str, *, full: bool, learning: int, device: str
) -> Cell:
    kept = KEPT_BACK[device]
    computed = computes_in(precision, device)
    numbers, each = (shape.parameters, BYTES[precision]) if full else (learning, ADAPTER)
    quantised = precision in (INT8, INT4)
    possible = not (full and quantised)
    added = 0 if full else learning * ADAPTER + packed_copy(shape, load, precision, device)
    return Cell(
        precision=precision,
        full=full,
        weights=weights(shape, precision, device) + added,
        gradients=round(numbers * each) if possible else 0,
        optimiser=round(MOMENTS * numbers * each) if possible else 0,
        activations=round(kept * activations(shape, load, computed)) if possible else 0,
        temporary=round(kept * temporary(shape, load, computed)) if possible else 0,
        program=PROGRAM[device],
        possible=possible,
    )


def packed_copy(shape: Shape, load: Load, precision: str, device: str) -> int:
    """What draws answers on a processor holds the base once more, in half the bytes."""
    draws = load.cached and device == "cpu" and precision == FLOAT32
    return round(shape.parameters * BYTES[BFLOAT16]) if draws else 0


def computes_in(precision: str, device: str) -> float:
    """Bytes of a number between two layers; quantised weights are computed with in the floats that
    the device prefers."""
    if precision in (INT8, INT4):
        return BYTES[BFLOAT16 if device == "cuda" else FLOAT32]
    return BYTES[precision]


def weights(shape: Shape, precision: str, device: str) -> int:
    if precision in (FLOAT32, BFLOAT16):
        return round(shape.parameters * BYTES[precision])
    rest = (shape.parameters - shape.packed) * computes_in(precision, device)
    scales = shape.rows if precision == INT8 else shape.packed / INT4_BLOCK
    return round(shape.packed * BYTES[precision] + scales * SCALE + rest)


def activations(shape: Shape, load: Load, each: float) -> float:
    if not shape.layers:
        return shape.parameters * RULE_OF_THUMB / 4 * each
    wide = 4 if shape.gated else 2
    layer = 10 * shape.width + 2 * shape.kv + wide * shape.feed_forward
    kept = shape.layers * shape.width + layer if load.recomputed else shape.layers * layer
    return load.tokens * kept * each


def temporary(shape: Shape, load: Load, each: float) -> float:
    """Scores over the vocabulary, and the keys and values of what is being drawn."""
    rows, columns = load.scored, shape.vocabulary
    if load.tiled:
        rows, columns = min(rows, TILE[0]), min(columns, TILE[1])
    drawn = 2 * shape.layers * shape.kv * load.cached
    return (COPIES * rows * columns + drawn) * each


def largest_batch(found: Cell, load: Load, room: int) -> int:
    """How many of the sequences at once would fit into so many bytes; 0 if not even one."""
    grows = (found.activations + found.temporary) / load.sequences
    left = room - (found.total - found.activations - found.temporary)
    return max(0, min(load.sequences, int(left / grows) if grows else load.sequences))
