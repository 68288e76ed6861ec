"""Which folders are served and which are refused, and what is said about them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from llmkit.engine.entries import is_served
from llmkit.engine.hub import ModelHub
from llmkit.types import EngineError
from tests.llmkit.support import damage
from tests.tiny_model import TINY_MODEL

Harm = Callable[[Path], object]


def change_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def lose_a_weight(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


HARMS: list[tuple[Harm, str]] = [
    (damage, "is damaged or incomplete"),
    (lose_a_weight, "lack model.layers.1.mlp.up_proj.weight"),
    (lambda folder: (folder / "config.json").write_text("{"), "is damaged or incomplete"),
    (lambda folder: (folder / "tokenizer.json").write_text("{}"), "is damaged or incomplete"),
    (lambda folder: change_config(folder, hidden_size=32), "is damaged or incomplete"),
    (lambda folder: change_config(folder, model_type="no-such"), "is damaged or incomplete"),
]


@pytest.mark.parametrize(("harm", "sentence"), HARMS)
def test_a_folder_that_cannot_be_used_is_one_sentence(
    tiny_models_dir: Path, tmp_path: Path, harm: Harm, sentence: str
) -> None:
    from llmkit.engine.loading import load_model

    folder = shutil.copytree(tiny_models_dir / TINY_MODEL, tmp_path / "hurt")
    harm(folder)
    with pytest.raises(EngineError, match=sentence) as failure:
        load_model(folder)
    assert failure.value.code == "model_failed"
    assert "\n" not in str(failure.value)


def test_only_decoders_with_full_attention_everywhere_are_batched() -> None:
    from transformers import MambaConfig, MistralConfig, Qwen2Config, T5Config

    from llmkit.engine.architecture import capabilities

    assert capabilities(Qwen2Config())["batches"]
    for config in (T5Config(), MistralConfig(sliding_window=64), MambaConfig()):
        assert not capabilities(config)["batches"]


def test_only_folders_with_config_and_safetensors_are_served(
    tiny_models_dir: Path, tmp_path: Path
) -> None:
    pickled = shutil.copytree(tiny_models_dir / TINY_MODEL, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    assert is_served(tiny_models_dir / TINY_MODEL)
    assert not is_served(pickled)


def test_a_folder_is_loaded_once_for_all_who_ask(tiny_models_dir: Path) -> None:
    from llmkit.engine.hub import EngineOptions

    hub = ModelHub(tiny_models_dir, EngineOptions())
    first, second = hub.load(TINY_MODEL), hub.load(TINY_MODEL)
    assert first.result(60) is second.result(60)
    hub.close()


def test_packed_layers_answer_as_plain_ones_do() -> None:
    import torch

    from llmkit.engine.packing import pack_linear_layers

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(48, 96), torch.nn.Linear(96, 32, bias=False))
    inputs = [torch.randn(rows, 1, 48) for rows in (1, 2, 8, 31, 64)]
    with torch.inference_mode():
        want = [model(x) for x in inputs]
        pack_linear_layers(model)
        for x, plain in zip(inputs, want, strict=True):
            torch.testing.assert_close(model(x), plain)
