"""The memory plan against arithmetic by hand."""

import json
from pathlib import Path

import pytest

from llmkit.tuning import memory_advice
from llmkit.tuning.memory_plan import Load, Shape, cell, largest_batch, plan, rule_of_thumb
from llmkit.tuning.shapes import shape_of
from tests.tiny_model import TINY_MODEL

# 10 numbers, 8 of them in two rows of one linear layer
SHAPE = Shape(10, packed=8, rows=2, layers=1, width=3, kv=1, feed_forward=5, vocabulary=7)
LOAD = Load(sequences=2, length=4, scored=8)
GB = 1_000_000_000


def test_a_billion_parameters_are_4_gb_of_weights_and_about_24_gb_to_train() -> None:
    found = rule_of_thumb(GB)
    assert found.weights == found.gradients == 4 * GB
    assert found.optimiser == 8 * GB
    assert found.total == 24 * GB


def test_every_part_of_a_small_model_by_hand() -> None:
    full = cell(SHAPE, LOAD, "float32", full=True, learning=6, device="cuda")
    assert (full.weights, full.gradients, full.optimiser) == (40, 40, 80)
    per_token = 10 * 3 + 2 * 1 + 4 * 5
    assert full.activations == round(1.1 * 8 * per_token * 4)
    assert full.temporary == round(1.1 * 4 * 8 * 7 * 4)
    tuned = cell(SHAPE, LOAD, "bfloat16", full=False, learning=6, device="cuda")
    assert (tuned.weights, tuned.gradients, tuned.optimiser) == (20 + 6 * 4, 24, 48)
    assert tuned.activations == round(1.1 * 8 * per_token * 2)


def test_quantised_layers_take_a_byte_or_half_and_their_scales_the_rest_stays_a_float() -> None:
    eight = cell(SHAPE, LOAD, "int8", full=False, learning=0, device="cpu")
    four = cell(SHAPE, LOAD, "int4", full=False, learning=0, device="cpu")
    assert eight.weights == 8 + 2 * 4 + 2 * 4
    assert four.weights == round(4 + 8 / 64 * 4 + 2 * 4)
    assert not cell(SHAPE, LOAD, "int4", full=True, learning=0, device="cpu").possible


def test_soft_prompts_lengthen_rows_and_recomputing_keeps_one_layer() -> None:
    longer = Load(2, 4, scored=8, adds=3)
    assert longer.tokens == 2 * 7
    two = Shape(10, 8, 2, layers=2, width=3, kv=1, feed_forward=5, vocabulary=0)
    kept = cell(two, LOAD, "float32", full=True, learning=0, device="cuda").activations
    saved = Load(2, 4, scored=8, recomputed=True)
    again = cell(two, saved, "float32", full=True, learning=0, device="cuda").activations
    assert kept == round(1.1 * 8 * 2 * 52 * 4)
    assert again == round(1.1 * 8 * (2 * 3 + 52) * 4)


@pytest.mark.parametrize(
    ("memory", "free", "fits", "says"),
    [
        (25, 25, True, "25 kB of the 25 kB of this machine are free now."),
        (25, 12, False, "Wait for other work to end. Or: Lower the batch size to 5."),
        (12, 12, False, "but this machine has 12 kB. Lower the batch size to 5."),
        (1, 1, False, "Lower the batch size, shorten the longest sequence, or choose a smaller"),
    ],
)
def test_what_does_not_fit_says_what_to_lower(
    memory: int, free: int, fits: bool, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmkit.tuning.memory_plan.PROGRAM", {"cpu": 2000})
    load = Load(sequences=8, length=4, scored=32)
    cells = plan(SHAPE, load, learning=6, device="cpu")
    chosen = cell(SHAPE, load, "float32", full=False, learning=6, device="cpu")
    assert chosen.total == 2000 + 64 + 24 + 48 + round(1.4 * 32 * 52 * 4) + round(1.4 * 4 * 32 * 28)
    found = memory_advice.told(
        chosen, cells, load, kind="cpu", memory=memory * 1000, free=free * 1000
    )
    assert found[0] is fits
    assert says in found[1]
    assert largest_batch(chosen, load, 12_000) == 5


def test_full_training_that_does_not_fit_is_pointed_to_an_adapter() -> None:
    large = Shape(7 * GB, 6 * GB, 10_000, 32, 4096, 1024, 14_336, 32_000)
    load = Load(1, 64, scored=64)
    cells = plan(large, load, learning=20_000_000, device="cpu")
    chosen = cell(large, load, "float32", full=True, learning=20_000_000, device="cpu")
    _, says = memory_advice.told(chosen, cells, load, kind="cpu", memory=40 * GB, free=40 * GB)
    assert "Train an adapter instead, which needs about" in says


def test_a_shape_is_read_from_the_folder(tiny_models_dir: Path, tmp_path: Path) -> None:
    found = shape_of(tiny_models_dir / TINY_MODEL)
    assert (found.layers, found.width, found.kv, found.feed_forward) == (2, 64, 32, 128)
    assert found.gated
    per_layer = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 128
    assert found.packed == 2 * per_layer
    assert found.parameters == found.packed + 2 * 259 * 64 + 5 * 64
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": 8}))
    with pytest.raises(OSError, match=r"model\.safetensors"):
        shape_of(tmp_path)
