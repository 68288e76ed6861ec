"""The form by which managers choose the models of a red team."""

from collections.abc import Sequence

from django import forms

from feedback.services.batches.answers import Column
from feedback.services.red_team.setup import MOST
from llmkit.types import GenerationSettings


class ModelsForm(forms.Form):
    """One to four models, all with the same settings."""

    models = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    temperature = forms.FloatField(min_value=0.1, max_value=2)
    max_tokens = forms.IntegerField(label="Max new tokens", min_value=1, max_value=4096)

    def __init__(self, *args: object, names: Sequence[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["models"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean_models(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["models"]
        if len(chosen) > MOST:
            raise forms.ValidationError(f"Choose at most {MOST} models.")
        return chosen

    @property
    def columns(self) -> list[Column]:
        data = self.cleaned_data
        settings = GenerationSettings(
            max_tokens=data["max_tokens"], temperature=data["temperature"]
        )
        return [Column(name, settings) for name in data["models"]]


def initial_of(columns: Sequence[Column]) -> dict[str, object]:
    settings = columns[0].settings if columns else GenerationSettings(temperature=0.7)
    return {
        "models": [column.model for column in columns],
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
    }
