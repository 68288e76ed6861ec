"""Ranking by similarity: remembered vectors, order, and what the embedder refuses."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from llmkit.embeddings import Embedder, EmbedderError, Ranking, Vectors

VECTORS = {"cat": [1.0, 0.0], "kitten": [0.9, 0.436], "dog": [0.6, 0.8], "tax": [0.0, 1.0]}


class Counting:
    """Embeds from a table and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(list(texts))
        return [VECTORS[text] for text in texts]


def test_the_nearest_comes_first() -> None:
    assert Ranking(Counting())("cat", ["tax", "kitten", "dog"]) == [1, 2, 0]


def test_equal_texts_keep_their_order() -> None:
    assert Ranking(Counting())("cat", ["dog", "tax", "dog"]) == [0, 2, 1]


def test_a_pool_is_embedded_once() -> None:
    counting = Counting()
    ranking = Ranking(counting)
    ranking("cat", ["tax", "dog"])
    ranking("kitten", ["tax", "dog"])
    assert counting.asked == [["cat", "tax", "dog"], ["kitten"]]


def test_only_the_latest_vectors_are_remembered() -> None:
    counting = Counting()
    ranking = Ranking(counting, remember=2)
    ranking("cat", ["tax", "dog"])
    ranking("cat", ["dog"])
    assert counting.asked[1] == ["cat"]


def test_an_empty_pool_asks_nothing() -> None:
    counting = Counting()
    assert Ranking(counting)("cat", []) == []
    assert counting.asked == []


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="run fetch_models"):
        Embedder(tmp_path)


def test_another_model_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(EmbedderError, match="not the file we expect"):
        Embedder(tmp_path)
