"""The chat's forms. Ranges come from `llmkit.types`, so page, shell and engine agree."""

from typing import Any

from django import forms
from django.forms.utils import pretty_name

from chat.models import Conversation
from llmkit.types import MAX_STOP_STRINGS, RANGES, GenerationSettings, SettingsError

MAX_PROMPT = 20_000


def _said(label: str, low: float, high: float, kind: str) -> dict[str, str]:
    """One sentence for whatever is wrong with a number."""
    sentence = f"{label} must be {kind} between {low:,} and {high:,}."
    return dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence)


def _whole(name: str, help_text: str) -> forms.IntegerField:
    low, high, label = RANGES[name]
    return forms.IntegerField(
        label=label,
        min_value=int(low),
        max_value=int(high),
        help_text=help_text,
        error_messages=_said(label, low, high, "a whole number"),
    )


def _number(name: str, help_text: str, *, required: bool = True) -> forms.FloatField:
    low, high, label = RANGES[name]
    return forms.FloatField(
        label=label,
        min_value=low,
        max_value=high,
        help_text=help_text,
        required=required,
        error_messages=_said(label, low, high, "a number"),
        widget=forms.NumberInput(attrs={"step": "any"}),
    )


class StopStringsField(forms.CharField):
    """One stop string a line; `\\n` and `\\t` written out mean the character."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})

    def clean(self, value: Any) -> tuple[str, ...]:
        lines = (line for line in str(super().clean(value)).splitlines() if line)
        return tuple(line.replace("\\n", "\n").replace("\\t", "\t") for line in lines)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return "\n".join(s.replace("\n", "\\n").replace("\t", "\\t") for s in value)
        return value


class SettingsForm(forms.Form):
    """How tokens are picked, and for a conversation its model and system prompt."""

    model = forms.CharField(required=False, max_length=200)
    system_prompt = forms.CharField(
        required=False,
        max_length=MAX_PROMPT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Said to the model before every conversation turn.",
    )
    decoding = forms.ChoiceField(
        choices=[("sampling", "Sampling"), ("greedy", "Greedy")],
        widget=forms.RadioSelect,
        help_text="Greedy always takes the likeliest token. Sampling draws among the likely ones.",
    )
    max_tokens = _whole("max_tokens", "The answer is cut after this many tokens.")
    temperature = _number(
        "temperature",
        "Low is predictable, high is varied. 1 leaves the model's own probabilities.",
        required=False,
    )
    top_k = _whole("top_k", "Picks among this many likeliest tokens. 0 means all.")
    top_p = _number(
        "top_p",
        "Picks among the likeliest tokens that together have this probability. 1 means all.",
    )
    repetition_penalty = _number(
        "repetition_penalty", "Above 1, words said before become less likely."
    )
    seed = forms.IntegerField(
        required=False,
        label="Seed",
        min_value=0,
        max_value=2**63 - 1,
        error_messages=_said("Seed", 0, 2**63 - 1, "empty or a whole number"),
        help_text="The same seed gives the same answer. Empty means a new one each time.",
    )
    stop = StopStringsField(
        required=False,
        label="Stop strings",
        help_text=f"The answer ends before any of these; one a line, {MAX_STOP_STRINGS} at most.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                self.generation_settings.validated()
            except SettingsError as error:
                raise forms.ValidationError(str(error)) from error
        return data

    @property
    def generation_settings(self) -> GenerationSettings:
        """The settings in the cleaned form; greedy decoding is temperature 0."""
        data = self.cleaned_data
        temperature = data.get("temperature")
        sampled = temperature or GenerationSettings().temperature
        return GenerationSettings(
            max_tokens=data["max_tokens"],
            temperature=0 if data["decoding"] == "greedy" else sampled,
            top_k=data["top_k"],
            top_p=data["top_p"],
            repetition_penalty=data["repetition_penalty"],
            seed=data.get("seed"),
            stop=data.get("stop") or (),
        )

    @property
    def first_error(self) -> str:
        """One sentence: what is wrong, with the field's name where the sentence has none."""
        name, errors = next(iter(self.errors.items()))
        sentence = str(errors[0])
        label = str(self.fields[name].label or pretty_name(name)) if name in self.fields else ""
        return sentence if sentence.startswith(label) else f"{label}: {sentence}"

    @staticmethod
    def values(
        settings: GenerationSettings, conversation: Conversation | None = None
    ) -> dict[str, Any]:
        """Initial values; under greedy the sampling fields keep useful ones."""
        data = settings.to_dict()
        data["decoding"] = "greedy" if settings.greedy else "sampling"
        data["temperature"] = settings.temperature or GenerationSettings().temperature
        if conversation is not None:
            data |= {"model": conversation.model, "system_prompt": conversation.system_prompt}
        return data


class PresetForm(forms.Form):
    name = forms.CharField(max_length=60, label="Preset name")


class RenameForm(forms.Form):
    title = forms.CharField(max_length=200, required=False)
