"""Sentence embeddings by all-MiniLM-L6-v2, and ranking texts by them.

Mean pooling over the tokens the mask keeps, then L2 normalisation, as in
https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2; a text beyond 256 tokens is cut.
    "It rains." -> 384 numbers whose squares add up to 1
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MODEL_NAME = "all-MiniLM-L6-v2"
MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 384
MAX_TOKENS = 256
BATCH = 16

Vectors = list[list[float]]
Embed = Callable[[Sequence[str]], Vectors]


class EmbedderError(Exception):
    """The embedding model can't be used; the text says why and what to do."""


class Embedder:
    """Loads the model once; calls from several threads take turns."""

    def __init__(self, folder: Path, *, sha256: str = MODEL_SHA256) -> None:
        self._model, self._tokenizer = _load(folder, sha256)
        self._lock = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One unit vector per text, in the order given."""
        with self._lock:
            return [
                vector
                for start in range(0, len(texts), BATCH)
                for vector in self._batch(list(texts[start : start + BATCH]))
            ]

    def _batch(self, texts: list[str]) -> Vectors:
        import torch

        encoded = self._tokenizer(
            texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        with torch.inference_mode():
            hidden = self._model(**encoded).last_hidden_state
        mask = encoded["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        means = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        vectors: Vectors = torch.nn.functional.normalize(means, dim=1).tolist()
        return vectors


def _load(folder: Path, sha256: str) -> tuple[Any, Any]:
    check_model_file(folder, sha256)
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(
        folder, use_safetensors=True, local_files_only=True, dtype=torch.float32
    )
    return model.eval(), AutoTokenizer.from_pretrained(folder, local_files_only=True)


def check_model_file(folder: Path, sha256: str = MODEL_SHA256) -> None:
    """Refuse a missing or different model file before anything is read from it."""
    path = folder / "model.safetensors"
    if not path.is_file():
        raise EmbedderError(f"There is no embedding model in {folder}; run fetch_models.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise EmbedderError(
            f"{path} is not the file we expect (sha256 {found[:12]}…); remove the folder and run "
            "fetch_models."
        )


class Ranking:
    """Ranks texts by cosine similarity to a query, and remembers the vectors of the texts.

    Vectors are kept by the text's hash, at most `remember` of them, so a pool of examples is
    embedded once. The query's vector is kept too: a preview asks for the same input again.
    """

    def __init__(self, embed: Embed, *, remember: int = 4096) -> None:
        self._embed = embed
        self._remember = remember
        self._known: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, query: str, texts: Sequence[str]) -> list[int]:
        """Positions in `texts`, nearest first; equal ones keep their order."""
        if not texts:
            return []
        target, *vectors = self._vectors([query, *texts])
        scores = [sum(a * b for a, b in zip(target, other, strict=True)) for other in vectors]
        return sorted(range(len(texts)), key=lambda position: -scores[position])

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        keys = [_hash(text) for text in texts]
        with self._lock:
            have = {key: self._known[key] for key in keys if key in self._known}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in have}
        if new:
            have.update(zip(new, self._embed(list(new.values())), strict=True))
            self._keep(have)
        return [have[key] for key in keys]

    def _keep(self, vectors: dict[str, list[float]]) -> None:
        with self._lock:
            for key, vector in vectors.items():
                self._known[key] = vector
                self._known.move_to_end(key)
            while len(self._known) > self._remember:
                self._known.popitem(last=False)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
