"""The fetched folders are enough to chat and to embed, with no hub and no network."""

import hashlib
import json
from pathlib import Path

import pytest
from django.conf import settings

from llmkit.modelstore import CHAT_MODEL, EMBEDDING_MODEL, file_sha256, is_complete
from tests.real_models import need

pytestmark = pytest.mark.real_model


@pytest.fixture(scope="module")
def chat_folder() -> Path:
    return need(CHAT_MODEL, settings.MODELS_DIR / CHAT_MODEL.name)


@pytest.fixture(scope="module")
def embedding_folder() -> Path:
    return need(EMBEDDING_MODEL, settings.EMBEDDINGS_DIR)


def test_the_default_model_answers_from_its_folder(
    chat_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(chat_folder)
    model = AutoModelForCausalLM.from_pretrained(chat_folder, dtype="auto")
    assert model.dtype == torch.bfloat16
    question = [{"role": "user", "content": "What is the capital of France?"}]
    inputs = tokenizer.apply_chat_template(
        question, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    output = model.generate(**inputs, max_new_tokens=24, do_sample=False)
    answer = output[0, inputs["input_ids"].shape[1] :]
    assert "Paris" in tokenizer.decode(answer, skip_special_tokens=True)
    assert int(answer[-1]) == tokenizer.eos_token_id


def test_the_tokenizer_splits_digits_off_and_gives_every_text_back(chat_folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(chat_folder)
    assert tokenizer.tokenize("a  12") == ["a", "ĠĠ", "1", "2"]
    assert tokenizer.model_max_length == 8192
    for text in ("naïve 日本 🎉", "def f(x):\n\n    return 3.14", "It's 2024"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_chat_template_opens_the_assistants_turn(chat_folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(chat_folder)
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert text == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"
    )


def test_every_file_matches_the_recorded_hash(chat_folder: Path, embedding_folder: Path) -> None:
    for folder in (chat_folder, embedding_folder):
        record = json.loads((folder / "provenance.json").read_text())
        assert record["licence"].startswith("Apache-2.0")
        for name, facts in record["files"].items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == facts["sha256"]


def test_the_embedding_models_weights_are_the_published_ones(embedding_folder: Path) -> None:
    weights = embedding_folder / EMBEDDING_MODEL.model_file
    assert file_sha256(weights) == EMBEDDING_MODEL.model_sha256
    assert is_complete(embedding_folder, EMBEDDING_MODEL)
