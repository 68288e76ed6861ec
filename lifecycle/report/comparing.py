"""The numbers of a rehearsal: before and after on the same items, and how the reward was bought.

Everything is worked out once, when both models have been measured, and stored with the rehearsal.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.http import QueryDict

from evaluation.models import EvaluationRun, Score
from evaluation.run import samples
from evaluation.services import board, board_export, comparing
from evaluation.services.board_filters import filters_in
from evaluation.services.errors import EvaluationsError
from evaluation.statistics.evidence import mean_of
from evaluation.statistics.intervals import interval
from evaluation.statistics.paired import mcnemar, paired
from feedback.measures.intervals import bootstrap
from feedback.rules.declared import Measure, Rule, Said
from lifecycle.report.saying import verdict
from training.models import TrainingJob
from training.run.events import read_events
from training.run.folder import RunFolder
from training.services import datasets

if TYPE_CHECKING:
    from lifecycle.loop import Loop

CUT = "length"
SHOWN = 6
Told = dict[str, Any]


def report(loop: "Loop") -> Told:
    """Both models' runs are done: what they say together."""
    before, after = (loop.made(stage, "questions") for stage in ("baseline", "evaluation"))
    first, second = (loop.made(stage, "abilities") for stage in ("baseline", "evaluation"))
    asked = pairs_of(before, after)
    won = by_the_rule(loop.rule, asked)
    moved = [*changes(after, before), *changes(second, first)]
    found = {
        "rule": {
            "name": loop.rule.name,
            "title": loop.rule.title,
            "sentence": loop.rule.sentence,
        },
        "models": {"before": loop.model.name, "after": loop.trained.name},
        "won": won,
        "rows": [by_measure(loop.rule.measure, asked), finished(asked)],
        "changes": moved,
        "reward": reward(loop.made("reward", "run")),
        "looks": looks(loop),
        "steps": steps(loop.made("ppo", "run")),
        "samples": shown(asked),
        "ranks": ranks(loop),
    }
    return {**found, "verdict": verdict(won, moved)}


def pairs_of(before: EvaluationRun, after: EvaluationRun) -> list[tuple[Told, Told]]:
    """The same question as both models answered it."""
    [task] = samples.tasks_in(before.folder)
    answered = {str(one["id"]): one for one in samples.read(after.folder, task)}
    return [(one, answered[str(one["id"])]) for one in samples.read(before.folder, task)]


def said(sample: Mapping[str, Any]) -> Said:
    return Said(str(sample["output"]), sample.get("reason") != CUT)


def by_the_rule(rule: Rule, asked: Sequence[tuple[Told, Told]]) -> Told:
    """On how many questions the new answer is the better one by the rule; a tie counts half. The
    test is of a fair coin on the questions that are no tie."""
    outcomes = []
    for before, after in asked:
        old, new = rule.worth(said(before)), rule.worth(said(after))
        outcomes.append(1.0 if new > old else 0.0 if new < old else 0.5)
    won, lost = outcomes.count(1.0), outcomes.count(0.0)
    sure = bootstrap(outcomes, lambda drawn: sum(drawn) / len(drawn), rounds=1000)
    return {
        "n": len(outcomes),
        "won": won,
        "lost": lost,
        "tied": outcomes.count(0.5),
        "share": sum(outcomes) / len(outcomes),
        "low": sure.low if sure else None,
        "high": sure.high if sure else None,
        "p": mcnemar(won, lost),
    }


def finished(asked: Sequence[tuple[Told, Told]]) -> Told:
    values = [[float(said(side).finished) for side in sides] for sides in zip(*asked, strict=True)]
    return row("Answers that came to their own end", values)


def by_measure(measure: Measure, asked: Sequence[tuple[Told, Told]]) -> Told:
    """What the rule looks at."""
    values = [[measure.of(said(side)) for side in sides] for sides in zip(*asked, strict=True)]
    return row(measure.label, values)


def row(label: str, values: Sequence[Sequence[float]]) -> Told:
    """Both means with intervals, and their difference on the same questions."""
    before, after = values
    sources = list(range(len(before)))
    gap = paired(mean_of(after), mean_of(before), sources, outcomes=(after, before))
    return {
        "label": label,
        "before": mean(before, sources),
        "after": mean(after, sources),
        "difference": {"value": gap.value, "low": gap.low, "high": gap.high, "p": gap.p},
    }


def mean(values: Sequence[float], sources: Sequence[int]) -> Told:
    evidence = mean_of(values)
    sure = interval(evidence, sources, shares=values)
    return {"value": evidence.value(), "low": sure.low, "high": sure.high, "n": len(values)}


def changes(after: EvaluationRun, before: EvaluationRun) -> list[Told]:
    """Every task's main measure, after and before, with Holm's correction over the tasks."""
    try:
        found = comparing.compare(comparing.Pair(after, before))
    except EvaluationsError:
        return []
    return [change(one, after, before) for one in found]


def change(one: comparing.Comparison, after: EvaluationRun, before: EvaluationRun) -> Told:
    gap = one.difference
    of = {"task": one.task, "measure": one.measure}
    old, new = (Score.objects.get(run=run, main=True, **of) for run in (before, after))
    column = board.column_of(new)
    return {
        **of,
        "label": f"{column.title}: {column.label}",
        "before": told(old),
        "after": told(new),
        "difference": {"value": gap.value, "low": gap.low, "high": gap.high},
        "p": gap.p,
        "p_holm": one.p_holm,
        "higher_is_better": one.higher_is_better,
        "runs": {"before": str(before.pk), "after": str(after.pk)},
        "benchmark": after.benchmark
        or (f"dataset:{after.dataset.dataset}" if after.dataset else ""),
    }


def told(score: Score) -> Told:
    return {"value": score.value, "low": score.low, "high": score.high, "n": score.n}


def reward(job: TrainingJob) -> Told:
    """How often the reward model puts held-out pairs in the rule's order."""
    found, name = job.measures, "held_out_pair_accuracy"
    return {
        "value": found.get(name),
        "low": found.get(f"{name}_low"),
        "high": found.get(f"{name}_high"),
        "n": found.get("held_out_pairs"),
        "length_baseline": found.get("length_baseline"),
    }


def looks(loop: "Loop") -> list[Told]:
    """The reward on held-out prompts at each look, with the KL that it was bought with."""
    job, count = loop.made("ppo", "run"), prompts_looked_at(loop)
    found: dict[int, Told] = {}
    for event in metrics_of(job):
        values = event["values"]
        if values.get("held_out_score") is not None:
            found[event["step"]] = {
                "step": event["step"],
                "score": values["held_out_score"],
                "low": values.get("held_out_score_low"),
                "high": values.get("held_out_score_high"),
                "kl": values.get("held_out_kl"),
                "ended": values.get("held_out_ended"),
                "length": values.get("held_out_length"),
                "n": count,
            }
    return [found[step] for step in sorted(found)]


def prompts_looked_at(loop: "Loop") -> int:
    rows = datasets.rows_of(loop.made("dataset", "pairs"), "pairs.validation.jsonl")
    prompts = {row["group"] for row in rows}
    return min(len(prompts), int(loop.plan.ppo["held_out"]))


def steps(job: TrainingJob) -> list[Told]:
    """The score and the KL of what was drawn to learn from, step by step."""
    found = {
        event["step"]: {"score": event["values"]["score"], "kl": event["values"]["kl"]}
        for event in metrics_of(job)
        if event["values"].get("score") is not None
    }
    return [{"step": step, **found[step]} for step in sorted(found)]


def metrics_of(job: TrainingJob) -> list[Told]:
    """What came again after a resumption counts last."""
    events = read_events(RunFolder(job.folder).events_file)
    return [event for _, event in events if event["kind"] == "metrics"]


def shown(asked: Sequence[tuple[Told, Told]]) -> list[Told]:
    """The first questions, chosen by nothing but their place."""
    return [
        {
            "id": str(before["id"]),
            "question": str(before["messages"][-1]["content"]),
            "before": str(before["output"]),
            "after": str(after["output"]),
            "ended": [said(before).finished, said(after).finished],
        }
        for before, after in asked[:SHOWN]
    ]


def ranks(loop: "Loop") -> list[Told]:
    """Where both stand on the leaderboard, in every column that both are in."""
    given = QueryDict(mutable=True)
    given.update({"base": loop.model.name})
    found = board_export.with_ranks(board.read(loop.owner, filters_in(given)))
    names = (loop.model.name, loop.trained.name)
    rows = {row.name: row for row in found.rows if row.name in names}
    if len(rows) < 2:
        return []
    before, after = (rows[name] for name in names)
    return [
        {
            "label": f"{column.title}: {column.label}",
            "before": before.cells[column.key].rank,
            "after": after.cells[column.key].rank,
            "of": sum(column.key in row.cells for row in found.unfiltered),
        }
        for column in found.columns
        if column.key in before.cells and column.key in after.cells
    ]
