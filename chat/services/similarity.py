"""Nearness in meaning for the web process, which owns no model: the engine embeds the texts."""

from collections.abc import Sequence

from asgiref.sync import async_to_sync

from llmkit.embeddings import MODEL_NAME, Ranking, Vectors
from llmkit.prompts import PromptTemplateError
from llmkit.types import EngineError
from training import engines


async def _embed(texts: Sequence[str]) -> Vectors:
    """Vectors from the first engine that has the embedding model."""
    reason = "no engine is set"
    for client in await engines.own_clients():
        try:
            return await client.embeddings(texts, model=MODEL_NAME)
        except EngineError as error:
            reason = str(error).rstrip(".")
    raise PromptTemplateError(
        f"The most similar examples can't be found now ({reason}); choose another way."
    )


_ranking = Ranking(lambda texts: async_to_sync(_embed)(texts))


def by_engine(query: str, texts: Sequence[str]) -> list[int]:
    """Positions in `texts`, nearest to `query` first. Blocks; raises PromptTemplateError."""
    return _ranking(query, texts)
