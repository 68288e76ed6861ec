"""The harness's tasks, asked together and read back task by task."""

from typing import TYPE_CHECKING, Any

from evaluation.run import harness
from evaluation.run.errors import EvaluationError
from evaluation.run.harness_model import EngineModel
from evaluation.run.samples import Sample
from evaluation.run.spec import Asked, Spec

if TYPE_CHECKING:
    from evaluation.run.running import Work


def logged(work: "Work", asked: list[Asked]) -> list[tuple[Asked, list[Sample]]]:
    """Each task with its items. `limit` counts the items of a task, or of each of its parts."""
    own = {each.task.name: harness.built(each, work.spec, work.folder) for each in asked}
    counted = [items_in(made, work.spec.limit) for tasks in own.values() for made in tasks.values()]
    work.asker.progress.total += sum(counted)
    found: dict[str, list[dict[str, Any]]] = {}
    for chat in (False, True):
        chosen = [each for each in asked if is_chat(each, work.spec) == chat]
        built = {name: made for each in chosen for name, made in own[each.task.name].items()}
        found |= evaluated(work, built, chat=chat) if built else {}
    return [(each, read_back(each, own[each.task.name], found)) for each in asked]


def is_chat(asked: Asked, spec: Spec) -> bool:
    return asked.task.chat or spec.chat_template


def items_in(made: Any, limit: int | None) -> int:
    whole = len(made.eval_docs)
    return whole if limit is None else min(whole, limit)


def evaluated(
    work: "Work", built: dict[str, Any], *, chat: bool
) -> dict[str, list[dict[str, Any]]]:
    from lm_eval.evaluator import evaluate

    spec = work.spec
    model = EngineModel(work.asker, str(spec.model["name"]), dict(spec.settings), work.report.warn)
    if chat and not model.tokenizer.chat_template:
        raise EvaluationError(
            f"{spec.model['name']} has no chat template, which this benchmark is asked through."
        )
    results = evaluate(
        lm=model,
        task_dict={"tasks": built},
        limit=spec.limit,
        bootstrap_iters=0,
        log_samples=True,
        apply_chat_template=chat,
        fewshot_as_multiturn=chat,
    )
    found: dict[str, list[dict[str, Any]]] = results["samples"]
    return found


def read_back(
    asked: Asked, built: dict[str, Any], found: dict[str, list[dict[str, Any]]]
) -> list[Sample]:
    several = len(built) > 1
    return [
        sample
        for name in built
        for sample in harness.samples_of(asked, found[name], name if several else "")
    ]
