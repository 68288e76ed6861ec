"""The stages of a rehearsal, in order, each with the things that it makes by services of the rooms.

A stage is over when all of its things are there and their work is done. `make` is called inside the
transaction that stores what was made; `prepare` before it, for what takes long and can be had
twice; `end` at the stage's end, for what is no thing of its own.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from evaluation.models import EvaluationRun
from evaluation.services.runs import making as evaluations
from evaluation.services.runs.asking import asked as asked_evaluation
from feedback.models import Batch, Labeler, Project
from feedback.services import freezing, projects
from feedback.services.batches import making as batches
from feedback.services.batches.answers import Column
from feedback.services.ruling import rank_by_rule
from feedback.services.snapshots import Recipe
from lifecycle.errors import LifecycleError
from lifecycle.loop import Loop, Part, Stage, brought_out, hidden
from lifecycle.models import Rehearsal
from lifecycle.report import comparing, deciding
from lifecycle.sizes import PRACTICE, QUESTIONS, THROWAWAY
from llmkit.types import GenerationSettings
from training.models import Dataset, DatasetVersion, ModelVersion, Promotion, TrainingJob
from training.services import datasets, promoting, registry
from training.services.runs import making as runs
from training.services.runs.asking import asked as asked_run

TINY_WINDOW = "1024"
QUESTION_SET = "rehearsal questions"
SHARES = {"train": 0.75, "validation": 0.25, "test": 0.0}
MEASURES = ("rougeL", "words", "empty")
NOTE = (
    "These answers were ranked by a declared rule, not by people. Where somebody ranks a task, "
    "their ranking counts and the rule's does not."
)


def build_throwaway(loop: Loop) -> None:
    """A model of two layers with random weights, in a process that may read torch."""
    target = settings.MODELS_DIR / THROWAWAY
    if loop.plan.throwaway and not (target / "config.json").is_file():
        settings.MODELS_DIR.mkdir(parents=True, exist_ok=True)
        building = settings.MODELS_DIR / f".{THROWAWAY}-{loop.rehearsal.pk}"
        command = [sys.executable, "-m", "llmkit.tiny", str(building), TINY_WINDOW]
        subprocess.run(command, cwd=settings.BASE_DIR, check=True, capture_output=True)
        building.rename(target)
    registry.sync()


def chosen_model(loop: Loop) -> ModelVersion:
    found: ModelVersion | None = ModelVersion.objects.called(loop.plan.model)
    if found is None or found.state != ModelVersion.State.READY:
        raise LifecycleError(f"There is no model {loop.plan.model} that can be used.")
    Rehearsal.objects.filter(pk=loop.rehearsal.pk).update(model=found)
    if loop.plan.throwaway:
        hidden(found)
    return found


def question_set(loop: Loop) -> DatasetVersion:
    """The same for every rehearsal, so that their numbers stand in one column."""
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    version = datasets.freeze(
        name=QUESTION_SET,
        kind=Dataset.Kind.EVALUATION,
        files={"test.jsonl": rows},
        source={"shipped": QUESTION_SET},
        report={},
        made_by=loop.owner,
    )
    Dataset.objects.filter(pk=version.dataset_id).update(
        shared=True, licence="Apache-2.0", notes="Held out of every rehearsal's training."
    )
    return version


def abilities(loop: Loop, subject: ModelVersion) -> EvaluationRun:
    wanted = asked_evaluation(
        {
            "model": subject.name,
            "benchmark": loop.plan.benchmark,
            "limit": loop.plan.limit,
            "seed": loop.plan.seed,
        }
    )
    return evaluations.create(asked=wanted, owner=loop.owner, tell=loop.tell)


def answers(loop: Loop, subject: ModelVersion) -> EvaluationRun:
    """To the held-out questions, drawn as the model is trained to answer."""
    wanted = asked_evaluation(
        {
            "model": subject.name,
            "dataset": loop.made("model", "questions"),
            "limit": loop.plan.questions,
            "measures": MEASURES,
            "settings": loop.plan.drawing,
            "seed": loop.plan.seed,
        }
    )
    return evaluations.create(asked=wanted, owner=loop.owner, tell=loop.tell)


def project(loop: Loop) -> Project:
    return projects.create(
        owner=loop.owner,
        name=str(loop.rehearsal),
        guidelines=f"{loop.rule.sentence}\n\n{NOTE}",
        objective=Project.Objective.OWN,
        objective_text=loop.rule.sentence[:300],
        candidates=loop.plan.candidates,
        open_to_all=False,
    )


def batch(loop: Loop) -> Batch:
    lines = PRACTICE.read_text(encoding="utf-8").splitlines()[: loop.plan.practice]
    made = batches.draft(
        project=loop.made("candidates", "project"),
        name="practice prompts.txt",
        content="\n".join(lines).encode(),
        by=loop.owner,
    )
    column = Column(loop.model.name, GenerationSettings.from_dict(loop.plan.drawing))
    batches.start(
        batch=made,
        columns=[column],
        candidates=loop.plan.candidates,
        seed=loop.plan.seed,
        tell=loop.tell,
    )
    return made


def rankings(loop: Loop) -> Labeler:
    return rank_by_rule(project=loop.made("candidates", "project"), rule=loop.rule)


def pairs(loop: Loop) -> DatasetVersion:
    """By the two acts of a person: a report, and the version that it promises."""
    recipe = Recipe(seed=loop.plan.seed, shares=SHARES, include_ai=True)
    report = freezing.prepare(
        project=loop.made("candidates", "project"),
        name=f"{loop.rehearsal.named} rankings",
        recipe=recipe,
        by=loop.owner,
    )
    frozen = freezing.freeze(report=report, by=loop.owner)
    if frozen.version is None:
        raise LifecycleError(frozen.error or "The rankings could not be frozen.")
    return frozen.version


def trained(loop: Loop, method: str, name: str, values: Mapping[str, Any]) -> TrainingJob:
    own = {"name": name, "model": loop.model.name, "dataset": loop.made("dataset", "pairs")}
    with brought_out(loop, loop.model):
        wanted = asked_run(method, {"seed": loop.plan.seed, **values, **own})
        return runs.create(asked=wanted, owner=loop.owner, tell=loop.tell)


def reward_run(loop: Loop) -> TrainingJob:
    return trained(loop, "reward", f"{loop.rehearsal.named}-reward", loop.plan.reward)


def ppo_run(loop: Loop) -> TrainingJob:
    reward = loop.made("reward", "run").produced
    if reward is None:
        raise LifecycleError("The reward model was removed. Begin a new rehearsal.")
    drawn = {"max_answer": loop.plan.longest, "temperature": loop.plan.temperature}
    values = {**loop.plan.ppo, **drawn, "reward_model": reward.name}
    return trained(loop, "ppo", loop.rehearsal.named, values)


def promotion(loop: Loop) -> Promotion:
    """What was promoted; a throwaway model, or one found worse by its own rule, is rolled back in
    the same transaction, so that nobody's conversation begins with it."""
    with brought_out(loop, loop.trained):
        made = promoting.promote(version=loop.trained, by=loop.owner)
        if deciding.why_not_kept(loop.rehearsal, loop.plan):
            promoting.roll_back(by=loop.owner)
    return made


def promoted(loop: Loop) -> dict[str, Any]:
    why = deciding.why_not_kept(loop.rehearsal, loop.plan)
    reward = loop.made("reward", "run").produced
    if loop.plan.throwaway and reward is not None:
        hidden(reward)
    return {"kept": not why, "why": why}


def measured(loop: Loop, subject: Callable[[Loop], ModelVersion]) -> ModelVersion:
    found = subject(loop)
    if loop.plan.throwaway:
        hidden(found)
    return found


def evaluated(subject: Callable[[Loop], ModelVersion]) -> tuple[Part, ...]:
    return (
        Part("abilities", "evaluation", lambda loop: abilities(loop, measured(loop, subject))),
        Part("questions", "evaluation", lambda loop: answers(loop, subject(loop))),
    )


EVERY = (
    Stage(
        "model",
        "Choose a model",
        "The model and the questions that nothing is trained on",
        (
            Part("model", "model", chosen_model, build_throwaway),
            Part("questions", "dataset", question_set),
        ),
    ),
    Stage(
        "baseline",
        "Baseline evaluation",
        "The model as it is: its abilities, and its answers to the held-out questions",
        evaluated(lambda loop: loop.model),
    ),
    Stage(
        "candidates",
        "Candidates",
        "Several answers to each practice prompt",
        (Part("project", "project", project), Part("batch", "batch", batch)),
    ),
    Stage(
        "rankings",
        "Rankings by a declared rule",
        "No person ranks here: a rule does, and every row says so",
        (Part("labeler", "labeler", rankings),),
    ),
    Stage(
        "dataset",
        "Frozen dataset",
        "Pairs of answers, split by prompt",
        (Part("pairs", "dataset", pairs),),
    ),
    Stage(
        "reward",
        "Reward model",
        "Learns from the pairs which answer is better",
        (Part("run", "run", reward_run),),
    ),
    Stage(
        "ppo",
        "PPO",
        "Learns to answer so that the reward model scores higher",
        (Part("run", "run", ppo_run),),
    ),
    Stage(
        "evaluation",
        "Evaluation",
        "The same benchmark and the same questions again",
        evaluated(lambda loop: loop.trained),
    ),
    Stage(
        "leaderboard",
        "Leaderboard",
        "Both models in one table, compared item by item",
        end=lambda loop: comparing.report(loop),
    ),
    Stage(
        "promotion",
        "Promotion",
        "New conversations begin with it, unless it was measured to be worse",
        (Part("promotion", "promotion", promotion),),
        promoted,
    ),
)
STAGES = {stage.name: stage for stage in EVERY}
