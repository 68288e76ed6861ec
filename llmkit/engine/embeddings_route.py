"""`POST /v1/embeddings`, in OpenAI's shape: sentence vectors for processes that own no model."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from llmkit.embeddings import MODEL_NAME, Embedder, EmbedderError, Vectors
from llmkit.engine.fields import parse_object
from llmkit.types import EngineError

MAX_TEXTS = 1024
MAX_BODY_BYTES = 8_000_000


class Embeddings:
    """Loads the model at the first request; one thread of its own does all the work."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._embedder: Embedder | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embeddings")

    async def answer(self, request: Request) -> Response:
        """Vectors in the order of the texts. EngineError says what is wrong with the request."""
        texts = _texts(await _read(request))
        loop = asyncio.get_running_loop()
        vectors = await loop.run_in_executor(self._worker, self._embed, texts)
        data = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(vectors)
        ]
        return JSONResponse({"object": "list", "model": MODEL_NAME, "data": data})

    def _embed(self, texts: list[str]) -> Vectors:
        try:
            if self._embedder is None:
                self._embedder = Embedder(self._folder)
            return self._embedder(texts)
        except EmbedderError as error:
            raise EngineError(str(error), code="model_failed") from error


def embeddings_folder(models_dir: Path) -> Path:
    """Embedding models lie beside the folder of chat models."""
    return models_dir.parent / "embeddings" / MODEL_NAME


def embeddings_route(folder: Path) -> Route:
    return Route("/v1/embeddings", Embeddings(folder).answer, methods=["POST"])


async def _read(request: Request) -> dict[str, Any]:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise EngineError("The request is larger than 8 MB. Send fewer texts.", code="invalid")
    return parse_object(b"".join(parts))


def _texts(body: dict[str, Any]) -> list[str]:
    model, given = body.get("model", MODEL_NAME), body.get("input")
    if model != MODEL_NAME:
        raise EngineError(
            f"There is no embedding model called {str(model)[:80]!r}; use {MODEL_NAME}.",
            code="model_not_found",
        )
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise EngineError("input must be a text or a list of texts.", code="invalid")
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise EngineError(f"Send 1 to {MAX_TEXTS} texts at once.", code="invalid")
    return [text.encode("utf-8", "replace").decode() for text in texts]
