"""The six stages of the seed's life-cycle, each with what was done in it and what one can do."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from lifecycle.home.counting import Cost, Counted, Runs


@dataclass(frozen=True)
class Act:
    """`post`: the address wants a form."""

    verb: str
    url: str
    post: bool = False


@dataclass(frozen=True)
class Stage:
    """`done`: what there is, each with its page; nothing where the stage was not begun. `empty`
    says then what it is for."""

    name: str
    title: str
    empty: str
    done: Sequence[Act] = ()
    live: str = ""
    failed: str = ""
    cost: Cost | None = None
    acts: Sequence[Act] = ()

    @property
    def state(self) -> str:
        if self.live:
            return "now"
        return "done" if self.done else "later"


def stages_of(counted: Counted) -> list[Stage]:
    """Only those that the person has a part in."""
    found = [choose(counted)]
    if counted.chats:
        found.append(prompt(counted))
    if counted.trains:
        found.append(tune(counted))
    if counted.feeds or counted.chats:
        found.append(align(counted))
    if counted.trains:
        found += [evaluate(counted), deploy(counted)]
    return found


def choose(counted: Counted) -> Stage:
    ready = counted.models["answering"]
    url = reverse("models:list")
    return Stage(
        "choose",
        "Choose a model",
        "There is no model here yet. Add one from the hub, a folder or a file, or name a server "
        "elsewhere.",
        [Act(f"{many(ready, 'model')} ready to answer", url)] if ready else [],
        acts=[
            Act("See models", url),
            *([Act("Add model", reverse("models:add"))] * counted.trains),
        ],
    )


def prompt(counted: Counted) -> Stage:
    answers, talks = counted.answers["count"], counted.conversations
    done = [
        Act(f"{many(answers, 'answer')} in {many(talks, 'conversation')}", reverse("chat:home"))
    ]
    return Stage(
        "prompt",
        "Prompt",
        "Ask the model something, plainly or through a template with examples.",
        done if answers else [],
        cost=counted.chatting,
        acts=[
            Act("New conversation", reverse("chat:home")),
            Act("Templates", reverse("chat:templates")),
        ],
    )


def tune(counted: Counted) -> Stage:
    runs, sets = counted.tuning, counted.datasets.get("completion", 0)
    done = [*runs_done(runs, "tuned model")]
    if sets:
        done.append(
            Act(f"{many(sets, 'dataset')} of prompts with completions", reverse("datasets:list"))
        )
    return Stage(
        "tune",
        "Instruction-tune",
        "Show the model pairs of prompt and completion, so that it does one task well. Add a "
        "dataset first.",
        done,
        *ends(runs),
        runs.cost,
        [
            Act("Start run", reverse("training:new-run", args=["sft"])),
            Act("Add dataset", reverse("datasets:add")),
        ],
    )


def align(counted: Counted) -> Stage:
    runs, ranked = counted.rewards + counted.aligning, counted.ranked
    done = []
    ranking = reverse("feedback:home") if counted.feeds else reverse("chat:home")
    if ranked["people"]:
        done.append(Act(f"{many(ranked['people'], 'ranking')} by people", ranking))
    if ranked["machines"]:
        done.append(Act(f"{many(ranked['machines'], 'ranking')} by rules or models", ranking))
    if counted.trains:
        if counted.frozen:
            done.append(
                Act(f"{many(counted.frozen, 'frozen set')} of pairs", reverse("datasets:list"))
            )
        done += runs_done(counted.rewards, "reward model")
        done += runs_done(counted.aligning, "aligned model")
    return Stage(
        "align",
        "Align",
        "Say which of several answers is better. From rankings a reward model learns what people "
        "like, and PPO trains the model on it.",
        done,
        *(ends(runs) if counted.trains else ("", "")),
        runs.cost + counted.generating if counted.trains else None,
        align_acts(counted),
    )


def align_acts(counted: Counted) -> list[Act]:
    found = []
    if counted.chats:
        found.append(Act("Compare two answers", reverse("chat:comparison-new"), post=True))
    if counted.feeds:
        found.append(Act("Rank answers", reverse("feedback:home")))
    if counted.trains:
        found.append(Act("Start run", reverse("training:new")))
    return found


def evaluate(counted: Counted) -> Stage:
    found = counted.evaluations
    done = [
        Act(
            f"{many(found['done'], 'evaluation')} of {many(found['models'], 'model')}",
            reverse("board:home"),
        )
    ]
    return Stage(
        "evaluate",
        "Evaluate",
        "Measure a model on a benchmark, with how sure each number is. The starter pack runs "
        "anywhere within minutes.",
        done if found["done"] else [],
        f"{many(found['live'], 'evaluation')} at work" if found["live"] else "",
        f"{many(found['failed'], 'evaluation')} failed" if found["failed"] else "",
        counted.measuring,
        [
            Act("New evaluation", reverse("evaluation:new")),
            Act("Leaderboard", reverse("board:home")),
        ],
    )


def deploy(counted: Counted) -> Stage:
    now = counted.promoted
    promoted = now.version if now else None
    done = [Act(f"New conversations begin with {promoted}", reverse("models:promotions"))]
    return Stage(
        "deploy",
        "Deploy",
        f"New conversations begin with {settings.DEFAULT_MODEL}. Promote a better model and they "
        "begin with that one; one click takes it back.",
        done if promoted else [],
        acts=[Act("See promotions", reverse("models:promotions"))],
    )


def runs_done(runs: Runs, what: str) -> list[Act]:
    return [Act(many(runs.done, what), reverse("training:list"))] if runs.done else []


def ends(runs: Runs) -> tuple[str, str]:
    live = f"{many(runs.live, 'run')} at work" if runs.live else ""
    return live, f"{many(runs.failed, 'run')} failed" if runs.failed else ""


def many(count: int, what: str) -> str:
    """'1 model', '3,000 models'; words that do not take an s at their end are put in whole."""
    first, _, rest = what.partition(" ")
    if count == 1:
        return f"1 {what}"
    plural = f"{what}s" if not rest or what.split()[-1] in ("model", "set") else f"{first}s {rest}"
    return f"{count:,} {plural}"
