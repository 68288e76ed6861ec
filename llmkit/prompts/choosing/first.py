"""The first k of the pool, in its order."""

from llmkit.prompts.choosing import Choice, Way, ways


def first(choice: Choice) -> list[int]:
    return list(choice.candidates[: choice.shots.count])


ways.register("first")(Way("the first in the list", first))
