"""Uploading prompts, and choosing who answers them and how."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings

from feedback.services.batches.answers import SEEDS, Column
from feedback.services.batches.making import CANDIDATES, MOST_COLUMNS
from llmkit.types import RANGES, GenerationSettings, SettingsError
from training.engines import Picker

LONGEST_SYSTEM = 20_000
LONGEST_TYPED = 1_000_000
ONE_OF_BOTH = "Choose a file or type prompts, one of the two."
TYPED = "Typed prompts.txt"
DEFAULTS = GenerationSettings(temperature=0.8)


class PromptsForm(forms.Form):
    file = forms.FileField(
        required=False,
        label="File",
        help_text="CSV or JSON lines with a prompt or messages column, and system, id and "
        "priority where you like; or a plain text with one prompt a line.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.jsonl,.ndjson,.txt"}),
        error_messages={"empty": "The file is empty."},
    )
    typed = forms.CharField(
        required=False,
        max_length=LONGEST_TYPED,
        label="Or type them",
        help_text="One prompt a line.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    system = forms.CharField(
        required=False,
        max_length=LONGEST_SYSTEM,
        label="System prompt",
        help_text="Said before every prompt that has none of its own. Usually empty.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > settings.UPLOAD_MAX_MB * 1024 * 1024:
            raise forms.ValidationError(
                f"The file has more than {settings.UPLOAD_MAX_MB} MB. Split it."
            )
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and bool(data.get("file")) == bool(data.get("typed", "").strip()):
            raise forms.ValidationError(ONE_OF_BOTH)
        return data

    @property
    def name_and_content(self) -> tuple[str, bytes]:
        """As of a file; what was typed is a plain text."""
        file = self.cleaned_data["file"]
        if file:
            return file.name, file.read()
        return TYPED, self.cleaned_data["typed"].encode()


def said(low: float, high: float, kind: str) -> dict[str, str]:
    sentence = f"Give {kind} between {low:,} and {high:,}."
    return dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)


def number(name: str, *, whole: bool = False) -> forms.FloatField | forms.IntegerField:
    low, high, label = RANGES[name]
    if whole:
        return forms.IntegerField(
            label=label,
            min_value=int(low),
            max_value=int(high),
            error_messages=said(low, high, "a whole number"),
        )
    return forms.FloatField(
        label=label,
        min_value=low,
        max_value=high,
        error_messages=said(low, high, "a number"),
        widget=forms.NumberInput(attrs={"step": "any"}),
    )


class ColumnForm(forms.Form):
    """One model with its settings; without a model it counts for nothing."""

    model = forms.ChoiceField(
        required=False,
        label="Model",
        error_messages={"invalid_choice": "No engine has %(value)s now. Choose another model."},
    )
    temperature = number("temperature")
    max_tokens = number("max_tokens", whole=True)
    top_k = number("top_k", whole=True)
    top_p = number("top_p")
    repetition_penalty = number("repetition_penalty")

    def __init__(self, picker: Picker, at: int, data: Any = None, model: str = "") -> None:
        initial = {**DEFAULTS.to_dict(), "model": model}
        super().__init__(data, prefix=f"column{at}", initial=initial)
        self.at = at
        field = self.fields["model"]
        field.label = f"Model {at + 1}"
        field.choices = choices(picker, first=at == 0)  # type: ignore[attr-defined]
        field.required = at == 0
        field.error_messages["required"] = "Choose a model."

    @property
    def is_used(self) -> bool:
        return bool(self["model"].value())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and data.get("model"):
            try:
                self.column.settings.validated()
            except SettingsError as error:
                raise forms.ValidationError(str(error)) from error
        return data

    @property
    def column(self) -> Column:
        values = dict(self.cleaned_data)
        return Column(values.pop("model"), GenerationSettings(**values))


def choices(picker: Picker, *, first: bool) -> list[Any]:
    """Models as the chat offers them, grouped by where they run."""
    found: list[Any] = [("", "Choose a model" if first else "No further model")]
    for group in picker.groups:
        named = [(choice.name, choice.label) for choice in group.choices]
        found += [(group.label, named)] if group.label else named
    return found


class BatchForm(forms.Form):
    """How many answers a prompt gets, and which seed all others follow from."""

    candidates = forms.IntegerField(
        min_value=CANDIDATES.start,
        max_value=CANDIDATES.stop - 1,
        label="Answers per prompt",
        help_text="Dealt out to the models in turn; each prompt begins with the next model.",
        error_messages=said(CANDIDATES.start, CANDIDATES.stop - 1, "a whole number"),
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=SEEDS - 1,
        label="Seed",
        help_text="Every answer's seed follows from it: the same seed gives the same answers.",
        error_messages=said(0, SEEDS - 1, "a whole number"),
    )
    skip_known = forms.BooleanField(
        required=False, label="Leave out prompts that the project has already"
    )


class StartForm:
    """The whole form of a draft: the batch, and up to four columns."""

    def __init__(self, picker: Picker, initial: dict[str, Any], data: Any = None) -> None:
        self.batch = BatchForm(data, initial=initial)
        names = [initial.get("model", ""), *[""] * (MOST_COLUMNS - 1)]
        self.columns = [ColumnForm(picker, at, data, name) for at, name in enumerate(names)]

    def is_valid(self) -> bool:
        return all([self.batch.is_valid(), *(form.is_valid() for form in self.used)])

    @property
    def used(self) -> Sequence[ColumnForm]:
        return [form for form in self.columns if form.at == 0 or form.is_used]

    @property
    def choices(self) -> dict[str, Any]:
        """For `making.start`, once it is valid."""
        return {**self.batch.cleaned_data, "columns": [form.column for form in self.used]}
