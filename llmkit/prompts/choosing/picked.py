"""Exactly the ones a person picked, in the order of picking."""

from llmkit.prompts.choosing import Choice, Way, ways


def picked(choice: Choice) -> list[int]:
    return list(choice.shots.picked)


ways.register("picked")(Way("picked by hand", picked))
