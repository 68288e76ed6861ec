"""Every way of tuning: what learns, what stays, and that saving and loading lose nothing."""

from pathlib import Path
from typing import Any

import pytest

from llmkit import tuning
from llmkit.configs import ConfigError, read
from llmkit.registry import RegistryError
from llmkit.tuning.counts import before_building, counted, lora_parameters
from tests.tiny_adapters import read as read_model
from tests.tiny_model import TINY_MODEL

ADAPTERS = [name for name in tuning.names() if name != "full"]
STARTS_UNCHANGED = ["lora", "qlora", "ia3", "adapters", "selective"]


@pytest.fixture
def base(tiny_models_dir: Path) -> Path:
    return tiny_models_dir / TINY_MODEL


def adapted(base: Path, name: str, **values: Any) -> Any:
    import torch

    torch.manual_seed(0)
    way = tuning.get(name)
    return way.adapt(read_model(base), read(way.config, values)).eval()


def logits(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(torch.tensor([[72, 101, 108, 108, 111]])).logits


def train_a_little(model: Any) -> None:
    """One step of plain descent over everything that learns."""
    import torch

    learning = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(learning, lr=0.5)
    ids = torch.tensor([[72, 101, 108, 108, 111]])
    for _ in range(2):
        optimiser.zero_grad()
        model(ids, labels=ids).loss.backward()
        optimiser.step()


@pytest.mark.parametrize("name", ADAPTERS)
def test_only_what_it_adds_learns_and_a_saved_adapter_answers_the_same(
    name: str, base: Path, tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel

    model, plain = adapted(base, name), read_model(base).eval()
    before = logits(model)
    if name in STARTS_UNCHANGED:
        torch.testing.assert_close(before, logits(plain))
    train_a_little(model)
    assert not torch.equal(logits(model), before)
    with model.disable_adapter():
        torch.testing.assert_close(logits(model), logits(plain))
    model.save_pretrained(str(tmp_path))
    again = PeftModel.from_pretrained(read_model(base), str(tmp_path)).eval()
    torch.testing.assert_close(logits(again), logits(model))


@pytest.mark.parametrize("name", tuning.names())
def test_the_count_before_building_is_the_count_after(name: str, base: Path) -> None:
    way = tuning.get(name)
    before = before_building(str(base), name, way.config())
    model = adapted(base, name)
    assert before.trainable == counted(model).trainable
    assert before.total == counted(read_model(base)).total


def test_a_weight_of_512_by_64_at_rank_8_learns_4608_numbers_instead_of_32768() -> None:
    assert lora_parameters(512, 64, 8) == 4608
    assert pytest.approx(0.86, abs=0.001) == 1 - 4608 / (512 * 64)


def test_lora_adds_rank_times_rows_and_columns_of_each_layer(base: Path) -> None:
    model = adapted(base, "lora", rank=4, target_modules=["q_proj"])
    width = model.config.hidden_size
    assert counted(model).trainable == 2 * lora_parameters(width, width, 4)


def test_adapters_after_the_feed_forward_only_are_half_of_those_after_both(base: Path) -> None:
    both = counted(adapted(base, "adapters", width=4)).trainable
    half = counted(adapted(base, "adapters", width=4, places="feed-forward")).trainable
    width = read_model(base).config.hidden_size
    assert half == 2 * (4 * width + 4 + width * 4 + width)
    assert both == 2 * half


def test_selective_tuning_takes_norms_last_layers_or_names_and_misses_biases(base: Path) -> None:
    width = read_model(base).config.hidden_size
    assert counted(adapted(base, "selective")).trainable == 5 * width
    late = adapted(base, "selective", what="last layers", layers=1)
    learning = [name for name, p in late.named_parameters() if p.requires_grad]
    assert learning
    assert all(".layers.1." in name for name in learning)
    named = adapted(base, "selective", what="named", target_modules="mlp.down_proj")
    assert sum(p.requires_grad for p in named.parameters()) == 2
    with pytest.raises(ConfigError, match="This model has no biases"):
        adapted(base, "selective", what="biases")


def test_a_layer_that_is_not_there_and_a_way_that_is_not_known_get_a_sentence(base: Path) -> None:
    with pytest.raises(ConfigError, match="can't be tuned by LoRA"):
        adapted(base, "lora", target_modules=["nowhere"])
    with pytest.raises(RegistryError, match="Did you mean 'lora'"):
        tuning.get("lorra")


def test_merging_lora_into_the_model_changes_no_answer(base: Path) -> None:
    import torch

    model = adapted(base, "lora")
    train_a_little(model)
    wanted = logits(model)
    torch.testing.assert_close(logits(model.merge_and_unload()), wanted, atol=1e-5, rtol=1e-4)
