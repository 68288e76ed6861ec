"""Strict checks that turn data somebody wrote into the parts of a PromptTemplate."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmkit.prompts import parsing
from llmkit.prompts.errors import PromptTemplateError
from llmkit.prompts.parts import INSTRUCTION_PLACES, LAYOUTS, Example, Field
from llmkit.prompts.shots import MAX_EXAMPLES, Shots
from llmkit.prompts.substitution import FIELD_NAME, check_names, names_in
from llmkit.types import GenerationSettings, SettingsError

MAX_FIELDS = 12
KEYS = (
    "instruction",
    "fields",
    "input_format",
    "output_label",
    "examples",
    "shots",
    "layout",
    "instruction_as",
    "settings",
)


def checked_parts(data: Any) -> dict[str, Any]:
    """The arguments of PromptTemplate, each checked, then checked against each other."""
    given = parsing.mapping(data, where="A template", known=KEYS)
    fields = _fields(given.get("fields"))
    input_format = _format(given, fields)
    examples = _examples(given.get("examples", ()), fields, input_format)
    shots = Shots.from_dict(given.get("shots") or {})
    shots.check_pool(len(examples))
    instruction = parsing.text(given.get("instruction", ""), where="The instruction", empty=True)
    check_names(instruction, [field.name for field in fields], where="instruction")
    _all_used(fields, instruction + input_format)
    return {
        "instruction": instruction,
        "fields": fields,
        "input_format": input_format,
        "examples": examples,
        "shots": shots,
        "settings": _settings(given.get("settings") or {}),
        **_layout(given),
    }


def _layout(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        "output_label": parsing.text(
            given.get("output_label", ""), where="The answer's label", empty=True, limit=200
        ),
        "layout": parsing.one_of(given.get("layout", "chat"), LAYOUTS, where="The layout"),
        "instruction_as": parsing.one_of(
            given.get("instruction_as", "system"),
            INSTRUCTION_PLACES,
            where="The place of the instruction",
        ),
    }


def _fields(value: Any) -> tuple[Field, ...]:
    rows = parsing.items(value, where="The list of fields", limit=MAX_FIELDS)
    if not rows:
        raise PromptTemplateError("A template needs at least one field for the input.")
    fields = tuple(_field(row, number) for number, row in enumerate(rows, 1))
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise PromptTemplateError(f"Two fields are called '{name}'; give each its own name.")
    return fields


def _field(row: Any, number: int) -> Field:
    where = f"Field {number}"
    known = ("name", "label", "multiline", "placeholder", "default")
    given = parsing.mapping(row, where=where, known=known)
    name = parsing.text(given.get("name", ""), where=f"The name of field {number}", limit=40)
    if not FIELD_NAME.fullmatch(name):
        raise PromptTemplateError(
            f"The field name '{name}' must be lower-case letters, digits and underscores, "
            "starting with a letter."
        )
    default = given.get("default")
    return Field(
        name=name,
        label=parsing.text(given.get("label", name), where=f"The label of '{name}'", limit=80),
        multiline=parsing.flag(given.get("multiline", False), where=f"'multiline' of '{name}'"),
        placeholder=parsing.text(
            given.get("placeholder", ""), where=f"The hint of '{name}'", empty=True, limit=200
        ),
        default=None if default is None else parsing.text(default, where=f"Default of '{name}'"),
    )


def _format(given: Mapping[str, Any], fields: Sequence[Field]) -> str:
    text = parsing.text(given.get("input_format", ""), where="The input format")
    check_names(text, [field.name for field in fields], where="input format")
    return text


def _all_used(fields: Sequence[Field], text: str) -> None:
    used = names_in(text, where="template")
    for field in fields:
        if field.name not in used:
            raise PromptTemplateError(
                f"The field '{field.name}' is never used; write {{{field.name}}} in the input "
                "format or the instruction, or remove the field."
            )


def _examples(value: Any, fields: Sequence[Field], input_format: str) -> tuple[Example, ...]:
    rows = parsing.items(value, where="The list of examples", limit=MAX_EXAMPLES)
    needed = names_in(input_format, where="input format")
    return tuple(_example(row, number, fields, needed) for number, row in enumerate(rows, 1))


def _example(row: Any, number: int, fields: Sequence[Field], needed: Sequence[str]) -> Example:
    where = f"Example {number}"
    given = parsing.mapping(row, where=where, known=("inputs", "output", "label"))
    known = {field.name: field for field in fields}
    inputs = parsing.mapping(given.get("inputs", {}), where=where, known=known)
    for name in needed:
        if name not in inputs and known[name].default is None:
            raise PromptTemplateError(f"{where} has no value for the field '{name}'.")
    return Example(
        inputs={
            name: parsing.text(text, where=f"'{name}' of example {number}")
            for name, text in inputs.items()
        },
        output=parsing.text(given.get("output", ""), where=f"The answer of example {number}"),
        label=parsing.text(
            given.get("label", ""), where=f"The label of example {number}", empty=True, limit=80
        ),
    )


def _settings(value: Any) -> dict[str, Any]:
    """A part of GenerationSettings, in range."""
    known = GenerationSettings().to_dict()
    given = parsing.mapping(value, where="Settings", known=known)
    stop = given.get("stop", [])
    if not isinstance(stop, list | tuple) or not all(isinstance(text, str) for text in stop):
        raise PromptTemplateError("Stop strings must be a list of texts.")
    try:
        checked = GenerationSettings.from_dict(given).validated().to_dict()
    except (SettingsError, TypeError) as error:
        raise PromptTemplateError(str(error)) from error
    return {name: checked[name] for name in given}
