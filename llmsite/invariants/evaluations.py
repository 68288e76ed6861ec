"""Evaluations: every item asked once, and the numbers those of the folder."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from evaluation.models import EvaluationRun
from evaluation.run import samples
from evaluation.run.running import OUTPUTS, SCORES
from llmsite.invariants.invariant import Look, invariant
from training.models import Job


def done_here() -> Any:
    """Those that were asked on this site; what came as a file has no folder to compare with."""
    return EvaluationRun.objects.done().filter(system=None).prefetch_related("scores")


@invariant("nothing lost")
def finished_evaluations_have_their_scores(look: Look) -> Iterator[str]:
    """The scores of an evaluation that is done are those of its folder, each with its n."""
    for run in done_here():
        look.at()
        filed = {(s.task, s.measure, s.signature): (s.value, s.n) for s in run.scores.all()}
        try:
            found = json.loads((run.folder / SCORES).read_text())
        except (OSError, ValueError):
            yield f"evaluation {run.name}: its scores are gone from {run.path}"
            continue
        wanted = {(f["task"], f["measure"], f["signature"]): (f["value"], f["n"]) for f in found}
        if filed != wanted or not filed:
            yield f"evaluation {run.name}: the board does not say what its folder says"


@invariant("nothing twice")
def no_item_is_scored_twice(look: Look) -> Iterator[str]:
    """Each item of an evaluation stands once among its samples, and no score counts more."""
    for run in done_here():
        for task in samples.tasks_in(run.folder):
            items = Counter(str(sample["id"]) for sample in samples.read(run.folder, task))
            look.at(len(items))
            twice = [item for item, times in items.items() if times > 1]
            if twice:
                yield f"evaluation {run.name}: {task}: item {twice[0]} was scored twice"


@invariant("nothing twice")
def no_answer_is_kept_twice(look: Look) -> Iterator[str]:
    """What an evaluation asked a model was answered once, also where it broke off and went on."""
    for run in EvaluationRun.objects.exclude(state=Job.State.RUNNING).filter(system=None):
        keys = Counter(_keys(run))
        look.at(len(keys))
        twice = sum(times > 1 for times in keys.values())
        if twice:
            yield f"evaluation {run.name}: {twice} requests were answered more than once"


def _keys(run: EvaluationRun) -> Iterator[str]:
    """A line that a killed process left unfinished is no answer."""
    path = run.folder / OUTPUTS
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                yield json.loads(line)["key"]
            except (ValueError, KeyError, TypeError):
                continue
