"""Weights as floats of 32 and 16 bits, and quantised to 8 and 4: close enough, and smaller.

Tolerances are those of the tiny model, whose weights are spread wider than any trained one's, so
that rounding shows: the distance of the logits from float32's, relative to their length.
"""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from llmkit.engine.hub import EngineOptions
from llmkit.types import EngineError
from tests.llmkit.support import GREEDY, ask, reference
from tests.tiny_model import TINY_MODEL

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

PROMPT = [5, 9, 30, 44, 60, 72, 80, 90]
NEAR = {"bfloat16": 0.1, "float16": 0.02, "int8": 0.2}
ALL = ("float32", "bfloat16", "float16", "int8", "int4")


@pytest.fixture(scope="module")
def loaded(tiny_models_dir: Path) -> "dict[str, LoadedModel]":
    from llmkit.engine.loading import load_model

    return {name: load_model(tiny_models_dir / TINY_MODEL, dtype=name) for name in ALL}


def logits(model: Any) -> Any:
    import torch

    with torch.inference_mode():
        return model(torch.tensor([PROMPT])).logits.float()


def linear_bytes(model: Any) -> int:
    """Of the weights in the blocks' linear layers, with their scales."""
    from llmkit.engine.footprint import bytes_held

    layers = [m for m in model.model.modules() if "Linear" in type(m).__name__]
    return sum(bytes_held(layer) for layer in layers)


@pytest.mark.parametrize("name", NEAR)
def test_logits_stay_near_those_of_float32(loaded: "dict[str, LoadedModel]", name: str) -> None:
    want, got = logits(loaded["float32"].model), logits(loaded[name].model)
    assert float((got - want).norm() / want.norm()) < NEAR[name]
    assert loaded[name].precision == name


def test_int4_computes_what_float32_does_with_the_same_rounded_weights(
    loaded: "dict[str, LoadedModel]", tiny_models_dir: Path
) -> None:
    import torch
    from bitsandbytes.functional import dequantize_4bit

    from llmkit.engine.loading import load_model

    rounded = load_model(tiny_models_dir / TINY_MODEL, dtype="float32").model
    small = dict(loaded["int4"].model.named_modules())
    for name, layer in rounded.model.named_modules(prefix="model"):
        if isinstance(layer, torch.nn.Linear):
            weight = small[name].weight
            exact = layer.weight.data
            layer.weight.data = dequantize_4bit(weight.data, weight.quant_state)
            assert float((layer.weight.data - exact).norm() / exact.norm()) < 0.12
            layer.__class__ = torch.nn.Linear  # its packed copy holds the old weights
    torch.testing.assert_close(logits(loaded["int4"].model), logits(rounded), atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_every_precision_answers_greedily_as_generate_does(
    loaded: "dict[str, LoadedModel]", name: str
) -> None:
    from llmkit.engine.runner import Runner
    from llmkit.engine.scheduler import Scheduler
    from tests.llmkit.support import run

    scheduler = Scheduler(Runner(loaded[name]))
    asked = ask(scheduler, PROMPT, GREEDY)
    run(scheduler)
    want = reference(loaded[name], PROMPT, GREEDY.max_tokens)
    assert asked.tokens() == want


def test_fewer_bits_take_less_memory(loaded: "dict[str, LoadedModel]") -> None:
    small = [name for name in ALL if name not in ("float32", "int8")]
    sizes = {name: linear_bytes(loaded[name].model) for name in small}
    assert sizes["int4"] < sizes["bfloat16"] == sizes["float16"]
    assert loaded["int8"].memory_bytes < loaded["float32"].memory_bytes
    assert loaded["bfloat16"].memory_bytes < loaded["float32"].memory_bytes / 2


def test_a_models_own_precision_goes_before_the_engines(
    tiny_models_dir: Path, tmp_path: Path
) -> None:
    from llmkit.engine.opening import open_model

    folder = shutil.copytree(tiny_models_dir / TINY_MODEL, tmp_path / "own")
    (folder / "serving.json").write_text(json.dumps({"precision": "bfloat16"}))
    served = open_model(folder, EngineOptions(dtype="float32"))
    assert (served.loaded.precision, served.loaded.dtype) == ("bfloat16", "bfloat16")
    served.backend.close()


@pytest.mark.parametrize("text", ["{", "[]", '{"precision": "int3"}', '{"precision": []}'])
def test_a_wrong_serving_file_is_one_sentence(
    tiny_models_dir: Path, tmp_path: Path, text: str
) -> None:
    from llmkit.engine.loading import load_model

    folder = shutil.copytree(tiny_models_dir / TINY_MODEL, tmp_path / "wrong")
    (folder / "serving.json").write_text(text)
    with pytest.raises(EngineError, match="Give it a precision: auto, float32") as failure:
        load_model(folder)
    assert failure.value.code == "model_failed"


def test_a_precision_the_machine_cannot_do_is_refused_naming_what_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    import torch

    from llmkit.engine import precision

    monkeypatch.setitem(sys.modules, "bitsandbytes.nn", None)  # as where it is not installed
    precision.problem_with.cache_clear()
    with pytest.raises(EngineError) as failure:
        precision.chosen("int8", torch.device("cpu"))
    precision.problem_with.cache_clear()
    assert "cannot use int8 on its CPU" in str(failure.value)
    assert "It can use float32, bfloat16, float16." in str(failure.value)
