"""The examples nearest in meaning to the new input; the nearest stands last, beside the input."""

from llmkit.prompts.choosing import Choice, Way, ways
from llmkit.prompts.errors import PromptTemplateError


def nearest(choice: Choice) -> list[int]:
    if choice.shots.count == 0:
        return []
    if choice.similar is None:
        raise PromptTemplateError(
            "Choosing the most similar examples needs the embedding model, which is not "
            "available here; choose another way."
        )
    texts = [choice.pool[index] for index in choice.candidates]
    ranked = choice.similar(choice.query, texts)[: choice.shots.count]
    return [choice.candidates[position] for position in reversed(ranked)]


ways.register("similar")(Way("most similar to the input", nearest))
