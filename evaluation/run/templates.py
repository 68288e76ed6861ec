"""Tasks that are a prompt template and references: each row becomes one prompt and one output."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation.run.answerers import Ask
from evaluation.run.asking import Asker
from evaluation.run.errors import EvaluationError
from evaluation.run.harness import changed, cluster_of, rows_at, words_in
from evaluation.run.samples import Sample
from evaluation.run.spec import Asked, Spec
from llmkit.prompts import PromptTemplate, PromptTemplateError
from llmkit.types import ChatMessage, GenerationSettings, SettingsError

PLAIN = {"input": "input"}


def rows_of(asked: Asked, spec: Spec, home: Path) -> list[Sample]:
    """The rows that are asked about."""
    task = asked.task
    if task.split not in asked.data:
        raise EvaluationError(
            f"The items of {task.title} are not on this machine. Bring its files on the benchmarks "
            "page."
        )
    rows = rows_at(home / asked.data[task.split])[: spec.limit]
    return changed(asked, rows, task.split)


def asks_of(asked: Asked, spec: Spec, home: Path, rows: Sequence[Sample]) -> list[Ask]:
    """EvaluationError for the first row that does not fit the template."""
    try:
        template = template_of(asked, spec, home)
        settings = settings_of(asked, spec, template)
        return [Ask(settings, messages=messages_of(asked, template, row)) for row in rows]
    except (PromptTemplateError, SettingsError) as error:
        raise EvaluationError(f"{asked.task.title}: {error}") from error


def template_of(asked: Asked, spec: Spec, home: Path) -> PromptTemplate | None:
    """The task's template, with rows of another split as its examples where it has a pool."""
    prompt = dict(asked.task.prompt)
    if not prompt:
        return None
    count = spec.shots if spec.shots is not None else (prompt.get("shots") or {}).get("count", 0)
    if asked.task.shots_from and count:
        prompt["examples"] = examples(asked, spec, home, count)
    if spec.shots is not None or asked.task.shots_from:
        prompt["shots"] = {**(prompt.get("shots") or {}), "count": count}
    return PromptTemplate.from_dict(prompt)


def examples(asked: Asked, spec: Spec, home: Path, count: int) -> list[dict[str, Any]]:
    """The same for every item, drawn by the run's seed: more shots begin with fewer."""
    split = asked.task.shots_from
    if split not in asked.data:
        raise EvaluationError(
            f"{asked.task.title} takes its shots from the split {split}, which is not on this "
            "machine. Bring that split too, or ask for 0 shots."
        )
    rows = rows_at(home / asked.data[split])
    random.Random(spec.seed).shuffle(rows)
    columns = fields_of(asked)
    return [
        {
            "inputs": {name: str(row[column]) for name, column in columns.items()},
            "output": str(references(asked, row)[0]),
        }
        for row in rows[:count]
    ]


def fields_of(asked: Asked) -> Mapping[str, str]:
    return asked.task.fields or PLAIN


def messages_of(
    asked: Asked, template: PromptTemplate | None, row: Sample
) -> tuple[ChatMessage, ...]:
    inputs = {name: str(row[column]) for name, column in fields_of(asked).items()}
    if template is None:
        return (ChatMessage("user", "\n\n".join(inputs.values())),)
    return tuple(template.render(inputs).messages)


def settings_of(asked: Asked, spec: Spec, template: PromptTemplate | None) -> GenerationSettings:
    """Greedy unless asked otherwise, so that a number can be had again."""
    base = {"temperature": 0.0, "max_tokens": 256, "top_k": 0, "top_p": 1.0}
    suggested = dict(template.settings) if template else {}
    wanted = {**base, **suggested, **asked.task.settings, **spec.settings}
    wanted.pop("writes", None)
    settings = GenerationSettings.from_dict(wanted)
    return (settings if settings.seed is not None else settings.with_seed(spec.seed)).validated()


def references(asked: Asked, row: Sample) -> list[str]:
    found = row[asked.task.references]
    return [str(each) for each in (found if isinstance(found, list) else [found])]


def samples(
    asked: Asked, rows: Sequence[Sample], asks: Sequence[Ask], asker: Asker
) -> list[Sample]:
    items = [(asked.task.name, place) for place in range(len(rows))]
    answers = asker.write(asks, items)
    found = []
    for place, (row, ask, answer) in enumerate(zip(rows, asks, answers, strict=True)):
        name = str(row.get("id") or f"{asked.task.name}-{place}")
        sample: Sample = {
            "id": name,
            "cluster": cluster_of(asked, row, name),
            "prompt": answer.get("prompt") or asker.own.exact_prompt(ask.messages),
            "messages": [{"role": m.role, "content": m.content} for m in ask.messages],
            "output": answer["text"],
            "references": references(asked, row),
            "reason": answer.get("reason"),
            "values": {},
            "text": words_in({name: value for name, value in row.items() if name != "id"}),
        }
        found.append(sample | ({"category": row["category"]} if "category" in row else {}))
    return found
