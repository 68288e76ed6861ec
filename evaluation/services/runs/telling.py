"""A run as scripts and people at a terminal read it."""

from typing import Any

from evaluation.models import EvaluationRun, Score


def facts(run: EvaluationRun) -> dict[str, Any]:
    """For JSON."""
    return {
        "id": str(run.pk),
        "name": run.name,
        "status": run.status,
        "model": run.subject_name,
        "benchmark": run.benchmark or None,
        "benchmark_version": run.benchmark_version or None,
        "dataset": str(run.dataset) if run.dataset else None,
        "template": run.prompt.get("name"),
        "shots": run.shots,
        "limit": run.limit,
        "chat_template": run.chat_template,
        "items": run.done_items,
        "attempt": run.attempt,
        "scores": [score_facts(score) for score in run.scores.all()],
        "cost": {
            "prompt_tokens": run.prompt_tokens,
            "completion_tokens": run.completion_tokens,
            "seconds": run.seconds,
            "peak_memory_bytes": run.peak_memory,
        },
        "facts": run.facts,
        "error": run.error,
        "folder": run.path,
    }


def score_facts(score: Score) -> dict[str, Any]:
    return {
        "task": score.task,
        "task_version": score.task_version,
        "measure": score.measure,
        "value": score.value,
        "n": score.n,
        "interval": [score.low, score.high],
        "level": score.level,
        "method": score.method,
        "signature": score.signature,
        "higher_is_better": score.higher_is_better,
        "main": score.main,
        "contaminated": score.contaminated,
    }


def in_words(run: EvaluationRun) -> str:
    """One line, the scores below it, and the reason where there is one."""
    lines = [f"{run.pk}  {run.name}: {run.status}, {run.done_items:,} of {run.total_items:,} items"]
    lines += [f"  {line_of(score)}" for score in run.scores.all()]
    return "\n".join([*lines, *([f"  {run.error}"] if run.error else [])])


def line_of(score: Score) -> str:
    between = "" if score.low is None else f" [{score.low:.4g}, {score.high:.4g}]"
    return f"{score.task} {score.measure} {score.value:.4g}{between}, n {score.n:,}"
