"""A template while it is being written in a form: rows of fields and examples, not yet checked.

The form's rows come as parallel lists (`field-name`, `field-label`, …), so every control of a row
must always send a value. The inputs of an example follow the places of the fields, not their
names: renaming a field keeps what was typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from django.http import QueryDict

from chat import template_settings
from chat.models import PromptTemplateVersion
from llmkit.numbers import whole_number
from llmkit.prompts import MAX_EXAMPLES, PromptTemplateError

MAX_ROWS = MAX_EXAMPLES
ROW = ("name", "label", "multiline", "placeholder", "default")


@dataclass
class ExampleRow:
    label: str = ""
    inputs: list[str] = field(default_factory=list)
    output: str = ""
    place: str = ""

    @property
    def written(self) -> bool:
        return any(text.strip() for text in (self.label, self.output, *self.inputs))


@dataclass
class Draft:
    """Everything as typed; `spec` turns it into data for the checks of llmkit.

    An example's `place` is where it is shown among the picked ones, empty where it is not picked.
    """

    name: str = ""
    description: str = ""
    instruction: str = ""
    input_format: str = ""
    output_label: str = ""
    layout: str = "chat"
    instruction_as: str = "system"
    count: str = "0"
    choose: str = "first"
    seed: str = "0"
    fields: list[dict[str, str]] = field(default_factory=list)
    examples: list[ExampleRow] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def blank(cls) -> Self:
        first = {"name": "text", "label": "Text", "multiline": "yes"}
        row = {**dict.fromkeys(ROW, ""), **first}
        return cls(input_format="Text: {text}", output_label="Answer:", fields=[row])

    @classmethod
    def of(cls, version: PromptTemplateVersion) -> Self:
        spec, template = version.spec, version.template
        names = [row["name"] for row in spec["fields"]]
        plain = ("instruction", "input_format", "output_label", "layout", "instruction_as")
        return cls(
            name=template.name,
            description=template.description,
            **{part: spec[part] for part in plain},
            count=str(spec["shots"]["count"]),
            choose=spec["shots"]["choose"],
            seed=str(spec["shots"]["seed"]),
            fields=[_shown(row) for row in spec["fields"]],
            examples=[
                ExampleRow(
                    row["label"],
                    [row["inputs"].get(name, "") for name in names],
                    row["output"],
                    _place(at, spec["shots"]["picked"]),
                )
                for at, row in enumerate(spec["examples"])
            ],
            settings=template_settings.shown(spec["settings"]),
        )

    @classmethod
    def posted(cls, data: QueryDict) -> Self:
        rows = ("fields", "examples", "settings")
        plain = [name for name in cls.__annotations__ if name not in rows]
        columns = [data.getlist(f"field-{part}") for part in ROW]
        fields = [
            dict(zip(ROW, map(_clean, values), strict=True))
            for values in zip(*columns, strict=False)
        ][:MAX_ROWS]
        return cls(
            **{name: _clean(data.get(name, "")) for name in plain},
            fields=fields,
            examples=_posted_examples(data, len(fields)),
            settings=template_settings.posted(data),
        )

    def reshaped(self, action: str) -> Self:
        """After one of add-field, add-example, or remove-field/remove-example/up-example:N."""
        verb, _, place = action.partition(":")
        at = whole_number(place) or 0
        if verb == "add-field" and len(self.fields) < MAX_ROWS:
            self.fields.append({**dict.fromkeys(ROW, ""), "multiline": "no"})
        elif verb == "add-example" and len(self.examples) < MAX_ROWS:
            self.examples.append(ExampleRow())
        elif verb == "remove-field" and at < len(self.fields):
            del self.fields[at]
            for example in self.examples:
                del example.inputs[at : at + 1]
        elif verb == "remove-example" and at < len(self.examples):
            del self.examples[at]
        elif verb == "up-example" and 0 < at < len(self.examples):
            self.examples.insert(at - 1, self.examples.pop(at))
        return self

    @property
    def example_rows(self) -> list[dict[str, Any]]:
        """Examples with their inputs beside the fields they belong to."""
        return [
            {
                "label": example.label,
                "output": example.output,
                "place": example.place,
                "inputs": [
                    (row, example.inputs[place] if place < len(example.inputs) else "")
                    for place, row in enumerate(self.fields)
                ],
            }
            for example in self.examples
        ]

    @property
    def setting_rows(self) -> list[dict[str, str]]:
        return template_settings.rows(self.settings)

    def spec(self) -> dict[str, Any]:
        """The spec as typed; what is no number where one belongs is refused."""
        return {
            "instruction": self.instruction,
            "fields": [_field(row) for row in self.fields],
            "input_format": self.input_format,
            "output_label": self.output_label,
            "examples": [self._example(row) for row in self.examples if row.written],
            "shots": self._shots(),
            "layout": self.layout,
            "instruction_as": self.instruction_as,
            "settings": template_settings.read(self.settings),
        }

    def _example(self, row: ExampleRow) -> dict[str, Any]:
        names = [field["name"] for field in self.fields]
        given = {name: text for name, text in zip(names, row.inputs, strict=False) if text}
        return {"label": row.label, "inputs": given, "output": row.output}

    def _shots(self) -> dict[str, Any]:
        try:
            count, seed = int(self.count or 0), int(self.seed or 0)
        except ValueError as error:
            raise PromptTemplateError("Shots and their seed must be whole numbers.") from error
        picked = self._picked() if self.choose == "picked" else []
        return {"count": count, "choose": self.choose, "seed": seed, "picked": picked}

    def _picked(self) -> list[int]:
        """Positions among the examples that are kept, in the order of their places."""
        written = [row for row in self.examples if row.written]
        try:
            placed = [(int(row.place), at) for at, row in enumerate(written) if row.place.strip()]
        except ValueError as error:
            raise PromptTemplateError("The place of an example must be a whole number.") from error
        return [at for _, at in sorted(placed)]


def _place(at: int, picked: list[int]) -> str:
    return str(picked.index(at) + 1) if at in picked else ""


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n")


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    multiline = "yes" if row["multiline"] else "no"
    return {**{part: row[part] or "" for part in ROW}, "multiline": multiline}


def _field(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": row["name"].strip(),
        "label": row["label"].strip() or row["name"].strip(),
        "multiline": row["multiline"] == "yes",
        "placeholder": row["placeholder"],
        "default": row["default"] or None,
    }


def _posted_examples(data: QueryDict, fields: int) -> list[ExampleRow]:
    labels, outputs = data.getlist("example-label"), data.getlist("example-output")
    places = data.getlist("example-place")
    columns = [data.getlist(f"example-in-{place}") for place in range(fields)]
    return [
        ExampleRow(
            _clean(label),
            [_clean(column[at]) if at < len(column) else "" for column in columns],
            _clean(output),
            places[at] if at < len(places) else "",
        )
        for at, (label, output) in enumerate(zip(labels, outputs, strict=False))
    ][:MAX_ROWS]
