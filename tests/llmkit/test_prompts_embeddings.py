"""Ranking by similarity: remembered vectors, order, and what the embedder refuses."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from django.conf import settings
from starlette.applications import Starlette
from starlette.testclient import TestClient

from llmkit.embeddings import DIMENSIONS, MODEL_NAME, Embedder, EmbedderError, Ranking, Vectors
from llmkit.engine.embeddings_route import embeddings_route
from llmkit.engine.server import on_engine_error
from llmkit.modelstore import EMBEDDING_MODEL
from llmkit.types import EngineError
from tests.real_models import need

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


def route_over(folder: Path) -> TestClient:
    handlers = {EngineError: on_engine_error}
    return TestClient(
        Starlette(routes=[embeddings_route(folder)], exception_handlers=handlers)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"input": ["x"], "model": "gpt"}, "no embedding model called"),
        ({"input": 3}, "a text or a list of texts"),
        ({"input": []}, "1 to 1024"),
        ({"input": ["x"]}, "run fetch_models"),
    ],
)
def test_the_engine_refuses_with_a_sentence(
    tmp_path: Path, body: dict[str, object], words: str
) -> None:
    response = route_over(tmp_path).post("/v1/embeddings", json=body)
    assert response.status_code >= 400
    assert words in response.json()["error"]["message"]


@pytest.mark.real_model
def test_vectors_have_unit_length_and_do_not_depend_on_their_batch() -> None:
    embed = Embedder(need(EMBEDDING_MODEL, settings.EMBEDDINGS_DIR))
    texts = ["The train is late.", "Rain again.", "word " * 1000]
    together = embed(texts)
    alone = [embed([text])[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert len(one) == DIMENSIONS
        assert sum(a * a for a in one) == pytest.approx(1, abs=1e-5)
        assert one == pytest.approx(other, abs=1e-5)


@pytest.mark.real_model
def test_the_route_ranks_by_meaning() -> None:
    client = route_over(need(EMBEDDING_MODEL, settings.EMBEDDINGS_DIR))

    def embed(texts: Sequence[str]) -> Vectors:
        answer = client.post("/v1/embeddings", json={"model": MODEL_NAME, "input": list(texts)})
        return [entry["embedding"] for entry in answer.json()["data"]]

    pool = ["The invoice is due on Friday.", "A kitten sleeps on the sofa.", "Stocks fell today."]
    assert Ranking(embed)("My cat likes cushions.", pool)[0] == 1
