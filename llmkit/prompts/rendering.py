"""From a template, inputs and shots to the exact messages a model gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from llmkit.prompts.choosing import Choice, Similar, ways
from llmkit.prompts.errors import PromptTemplateError
from llmkit.prompts.shots import Shots
from llmkit.prompts.substitution import fill
from llmkit.registry import near_names
from llmkit.types import ChatMessage

if TYPE_CHECKING:
    from llmkit.prompts.template import PromptTemplate


@dataclass(frozen=True)
class Rendered:
    """`used_examples` are positions in the pool, in the order shown."""

    messages: list[ChatMessage]
    used_examples: list[int]


@dataclass(frozen=True)
class Piece:
    """A stretch of a rendered prompt that came from one place of the template."""

    kind: Literal["instruction", "shot", "input"]
    label: str
    text: str


def pieces(
    template: "PromptTemplate", inputs: Mapping[str, str], used: Sequence[int]
) -> list[Piece]:
    """What a rendered prompt is made of, in its order, whatever the layout puts in between."""
    values = complete(template, inputs)
    found = [Piece("instruction", "Instruction", fill(template.instruction, values))]
    for number, example in enumerate((template.examples[index] for index in used), start=1):
        found.append(Piece("shot", f"Shot {number}", input_text(template, example.inputs)))
        found.append(Piece("shot", f"Shot {number}, answer", example.output))
    return [*found, Piece("input", "Input", input_text(template, values))]


def render_template(
    template: "PromptTemplate", inputs: Mapping[str, str], shots: Shots, similar: Similar | None
) -> Rendered:
    values = complete(template, inputs)
    used = _choose(template, values, shots, similar)
    layout = _inline if template.layout == "inline" else _chat
    return Rendered(layout(template, values, used), used)


def check_known(template: "PromptTemplate", inputs: Mapping[str, str]) -> None:
    """Refuse an input for a field that the template does not have."""
    for name in inputs:
        if name not in template.field_names:
            raise PromptTemplateError(
                f"This template has no field '{name}'. {near_names(name, template.field_names)}"
            )


def complete(template: "PromptTemplate", inputs: Mapping[str, str]) -> dict[str, str]:
    """Every field with its value or default; unknown and missing ones are refused by name."""
    check_known(template, inputs)
    names = template.field_names
    return {
        field.name: _value(field.name, field.default, inputs, names) for field in template.fields
    }


def _value(name: str, default: str | None, inputs: Mapping[str, str], names: Sequence[str]) -> str:
    value = inputs.get(name, default)
    if value is None:
        raise PromptTemplateError(f"The field '{name}' is missing. Fields: {', '.join(names)}.")
    if not isinstance(value, str):
        raise PromptTemplateError(f"The field '{name}' must be text.")
    return value


def input_text(template: "PromptTemplate", inputs: Mapping[str, str]) -> str:
    """One input as the model reads it, in the template's input format."""
    defaults = {f.name: f.default for f in template.fields if f.default is not None}
    return fill(template.input_format, {**defaults, **inputs})


def _same(text: str) -> str:
    return " ".join(text.split()).casefold()


def _choose(
    template: "PromptTemplate", values: Mapping[str, str], shots: Shots, similar: Similar | None
) -> list[int]:
    shots.check_pool(len(template.examples))
    query = input_text(template, values)
    pool = [input_text(template, example.inputs) for example in template.examples]
    candidates = [i for i, text in enumerate(pool) if _same(text) != _same(query)]
    return ways.get(shots.choose).choose(Choice(shots, query, pool, candidates, similar))


def _chat(
    template: "PromptTemplate", values: Mapping[str, str], used: Sequence[int]
) -> list[ChatMessage]:
    """Instruction, then each example as a user turn and an assistant turn, then the input."""
    turns: list[ChatMessage] = []
    for example in (template.examples[index] for index in used):
        turns.append(ChatMessage("user", input_text(template, example.inputs)))
        turns.append(ChatMessage("assistant", example.output))
    turns.append(ChatMessage("user", input_text(template, values)))
    instruction = fill(template.instruction, values)
    if not instruction.strip():
        return turns
    if template.instruction_as == "system":
        return [ChatMessage("system", instruction), *turns]
    return [ChatMessage("user", f"{instruction}\n\n{turns[0].content}"), *turns[1:]]


def _inline(
    template: "PromptTemplate", values: Mapping[str, str], used: Sequence[int]
) -> list[ChatMessage]:
    """One user message: instruction, examples, input and the cue for the answer."""
    label = template.output_label
    lead = label if not label or label[-1].isspace() else f"{label} "
    parts = [fill(template.instruction, values)]
    for example in (template.examples[index] for index in used):
        parts.append(f"{input_text(template, example.inputs)}\n{lead}{example.output}")
    parts.append(f"{input_text(template, values)}\n{label.rstrip()}".rstrip("\n"))
    return [ChatMessage("user", "\n\n".join(part for part in parts if part.strip()))]
