"""What somebody would sensibly do next: the first thing that is missing on the way around."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from lifecycle.home.counting import Counted
from lifecycle.home.stages import Act


@dataclass(frozen=True)
class Step:
    """`stage` names the stage it belongs to."""

    stage: str
    sentence: str
    acts: tuple[Act, ...]


def only_looking() -> Step:
    return Step(
        "choose",
        "You may look at the models here. Ask an admin if you would like to chat, rank or train.",
        (Act("See models", reverse("models:list")),),
    )


def next_step(counted: Counted) -> Step:
    return next(steps(counted))


def steps(counted: Counted) -> Iterator[Step]:
    if not (counted.chats or counted.feeds or counted.trains):
        yield only_looking()
    yield from beginning(counted)
    if counted.trains:
        yield from trainers(counted)
    yield from going_on(counted)


def beginning(counted: Counted) -> Iterator[Step]:
    """A newcomer's first minutes: ask, then say which answer is better."""
    if not counted.models["answering"]:
        acts = (Act("Add model", reverse("models:add")),) if counted.trains else ()
        told = "" if counted.trains else " Ask somebody who trains models to add one."
        yield Step("choose", f"There is no model that could answer yet.{told}", acts)
    if counted.chats and not counted.answers["count"]:
        yield Step(
            "prompt",
            "Ask the model anything. It answers on this machine.",
            (Act("Ask something", reverse("chat:home")),),
        )
    if counted.chats and not counted.ranked["mine"]:
        yield Step(
            "align",
            "Have one question answered twice, and say which answer is better. That is your first "
            "ranking.",
            (Act("Compare two answers", reverse("chat:comparison-new"), post=True),),
        )


def trainers(counted: Counted) -> Iterator[Step]:
    projects, begin = reverse("feedback:home"), reverse("training:new")
    if not counted.evaluations["done"]:
        yield Step(
            "evaluate",
            "Measure the model before you change it, so that you can tell later what training did.",
            (Act("New evaluation", reverse("evaluation:new")),),
        )
    if not counted.tasks and not counted.rehearsals:
        yield Step(
            "align",
            "See the whole loop once before people rank: a rehearsal runs it on a small model "
            "within minutes, with a declared rule in the place of people.",
            (
                Act("Begin rehearsal", reverse("rehearsals:list")),
                Act("Begin a feedback project", reverse("feedback:new")),
            ),
        )
    if counted.tasks and not counted.frozen:
        yield Step(
            "align",
            "There are ranked answers that nothing was trained on yet. Freeze a project's rankings "
            "into a dataset.",
            (Act("See projects", projects),),
        )
    if counted.frozen and not counted.rewards.done and not counted.aligning.done:
        yield Step(
            "align",
            "Train a reward model on your frozen pairs; PPO learns from it afterwards.",
            (Act("Start run", reverse("training:new-run", args=["reward"])),),
        )
    if counted.rewards.done and not counted.aligning.done:
        yield Step(
            "align",
            "You have a reward model. Let PPO train a model on it.",
            (Act("Start run", reverse("training:new-run", args=["ppo"])),),
        )
    if counted.models["made"] and not counted.evaluations["made"]:
        yield Step(
            "evaluate",
            "A model was trained here and not measured yet. Measure it as you measured the first.",
            (Act("New evaluation", reverse("evaluation:new")),),
        )
    if counted.evaluations["made"] and counted.promoted is None:
        yield Step(
            "deploy",
            "Look whether a model that was trained here is better, and promote it if so.",
            (Act("See the leaderboard", reverse("board:home")), Act("Start run", begin)),
        )


def going_on(counted: Counted) -> Iterator[Step]:
    """Around again."""
    if counted.feeds:
        yield Step(
            "align",
            "More rankings make a better reward model. Rank what waits for you.",
            (Act("Rank answers", reverse("feedback:home")),),
        )
    if counted.chats:
        yield Step(
            "prompt",
            "Go on asking. Every vote on an answer helps to train the next model.",
            (Act("New conversation", reverse("chat:home")),),
        )
