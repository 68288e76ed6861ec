"""A merged model says what the adapter on its base says; what can't be merged says why."""

from pathlib import Path
from typing import Any

import pytest

from llmkit.adding import AddError, adapters
from llmkit.adding.request import Progress
from llmkit.merging import merge, put_in, why_not
from tests.tiny_adapters import SOFT_PROMPTS, build_adapter, peft_answer, read
from tests.tiny_model import TINY_MODEL

PROMPT = [5, 9, 40, 12, 7]


def quiet(progress: Progress) -> None:
    """Nobody listens."""


def tuned(base: Path, folder: Path, way: str, **settings: Any) -> Path:
    """As a run saves it, with weights that are not the beginning's."""
    import torch

    from llmkit import tuning
    from llmkit.configs import read as config_of

    found = tuning.get(way)
    model = found.adapt(read(base), config_of(found.config, settings))
    torch.manual_seed(1)
    for weight in model.parameters():
        if weight.requires_grad:
            torch.nn.init.normal_(weight, mean=0.5 if way == "selective" else 0.0, std=0.2)
    model.save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def base(tiny_models_dir: Path) -> Path:
    return tiny_models_dir / TINY_MODEL


@pytest.mark.parametrize(
    ("way", "chosen"),
    [
        ("lora", {"rank": 4}),
        ("lora", {"rank": 4, "dora": True, "rslora": True}),
        ("ia3", {}),
        ("selective", {"what": "norms"}),
    ],
)
def test_merged_it_says_the_same(
    base: Path, tmp_path: Path, way: str, chosen: dict[str, Any]
) -> None:
    import torch
    from peft import PeftModel

    adapter = tuned(base, tmp_path / "adapter", way, **chosen)
    merge(base, adapter, folder(tmp_path), quiet)
    merged, on_base = read(tmp_path / "model"), PeftModel.from_pretrained(read(base), str(adapter))
    tokens = torch.tensor([PROMPT])
    with torch.no_grad():
        ours, theirs, bare = (m(tokens).logits for m in (merged, on_base.eval(), read(base)))
    assert torch.allclose(ours, theirs, atol=1e-4)
    assert not torch.allclose(ours, bare, atol=1e-2)
    if way == "lora" and "dora" not in chosen:
        said = merged.generate(tokens, max_new_tokens=12, do_sample=False)[0, len(PROMPT) :]
        assert said.tolist() == peft_answer(base, adapter, PROMPT, 12)
        assert (tmp_path / "model" / "tokenizer.json").is_file()


def folder(tmp_path: Path) -> Path:
    found = tmp_path / "model"
    found.mkdir()
    return found


def test_what_is_no_change_of_weights_has_a_reason() -> None:
    assert all("soft prompt" in why_not(kind) for kind in SOFT_PROMPTS)
    assert "non-linear" in why_not("BOTTLENECK")
    assert why_not("LORA") == why_not("ia3") == ""


def test_a_bottleneck_adapter_is_refused_where_it_is_tried_all_the_same(
    base: Path, tmp_path: Path
) -> None:
    adapter = tuned(base, tmp_path / "adapter", "adapters", width=4)
    with pytest.raises(AddError, match="can't be merged"):
        put_in(read(base), adapter)


def test_an_adapter_sits_only_on_a_model_that_has_a_place_for_it(
    base: Path, tmp_path: Path
) -> None:
    for kind in ("LORA", "PROMPT_TUNING"):
        adapter = build_adapter(base, tmp_path / kind, kind)
        adapters.require_fit(base, adapter)
    narrow = build_adapter(base, tmp_path / "narrow", target_modules=["q_proj"])
    config = (narrow / "adapter_config.json").read_text()
    (narrow / "adapter_config.json").write_text(config.replace('"r": 4', '"r": 8'))
    with pytest.raises(AddError, match="has another shape"):
        adapters.require_fit(base, narrow)
    (narrow / "adapter_config.json").write_text(config.replace("q_proj", "v_proj"))
    with pytest.raises(AddError, match="the two disagree"):
        adapters.require_fit(base, narrow)
    with pytest.raises(AddError, match="are a pickle"):
        adapters.wanted_of(["adapter_config.json", "adapter_model.bin"])
