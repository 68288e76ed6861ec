"""The shot ladder: one input through one template with 0, 1 and k shots, all else equal."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from accounts.models import User
from chat.models import Comparison, PromptTemplateVersion
from chat.services import asking, similarity
from chat.services.comparisons import Setup, discard, start
from chat.services.context import ChatError
from chat.services.prompt_templates import parsed, render_turn
from llmkit.prompts import PromptTemplateError, Shots, Similar
from llmkit.types import EngineError, GenerationSettings


@dataclass(frozen=True)
class Ladder:
    """`rungs` are uses of the template, fewest shots first; `note` says where they are not the
    0, 1 and k that were asked for."""

    rungs: list[dict[str, Any]]
    note: str


def climb(
    *,
    version: PromptTemplateVersion,
    inputs: Mapping[str, str],
    use: Mapping[str, Any],
    similar: Similar = similarity.by_engine,
) -> Ladder:
    """The rungs for `use`, whose number of shots is k. Raises ChatError with a sentence."""
    pool = len(parsed(version).examples)
    if not pool:
        raise ChatError("This template has no examples, so it has no shots to compare.")
    wanted = Shots.from_dict({k: v for k, v in use.items() if k != "layout"}).wanted
    top = with_shots(use, max(1, min(wanted, pool)))
    try:
        made = render_turn(version=version, inputs=inputs, use=top, similar=similar)
    except (PromptTemplateError, EngineError) as error:
        raise ChatError(str(error)) from error
    shown = len(made.used_examples)
    if not shown:
        raise ChatError("The only example is the input itself. Try another input.")
    rungs = [with_shots(use, count) for count in sorted({0, 1, shown})]
    return Ladder(rungs, _note(wanted, pool, shown))


def with_shots(use: Mapping[str, Any], count: int) -> dict[str, Any]:
    """The same use with another number of shots; of picked examples the first ones."""
    picked = list(use.get("picked", ()))
    return {**use, "count": count, "picked": picked[:count]}


def start_ladder(
    *,
    owner: User,
    version: PromptTemplateVersion,
    inputs: Mapping[str, str],
    use: Mapping[str, Any],
    model: str = "",
    settings: GenerationSettings,
) -> Comparison:
    """A comparison of the rungs that is being answered. Raises ChatError; then there is none."""
    ladder = climb(version=version, inputs=inputs, use=use)
    name = asking.question_field(version.spec)
    rest = {key: text for key, text in inputs.items() if key != name}
    setup = Setup(model=model, settings=settings, template_version=version, use={}, inputs=rest)
    comparison = start(
        owner=owner,
        setups=[replace(setup, use=rung) for rung in ladder.rungs],
        kind=Comparison.Kind.LADDER,
        note=ladder.note,
    )
    try:
        asking.ask(comparison=comparison, text=inputs.get(name, ""))
    except ChatError:
        discard(comparison=comparison)
        raise
    return comparison


def _note(wanted: int, pool: int, shown: int) -> str:
    if shown < min(wanted, pool):
        return (
            "An example that is the input itself would give the answer away, so it is left out: "
            f"the ladder ends at {shown} shot{'' if shown == 1 else 's'}."
        )
    if wanted > pool:
        examples = "1 example" if pool == 1 else f"{pool} examples"
        return f"The template has {examples}, so the ladder ends there instead of at {wanted}."
    if wanted <= 1:
        return "Two columns, because with k = 1 one shot is already the top of the ladder."
    return ""
