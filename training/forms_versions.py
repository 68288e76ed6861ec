"""What people fill in on a version's page."""

from typing import Any

from django import forms

from training.models import ModelVersion
from training.services.keeping import LONGEST_NOTES
from training.services.places import NAME

BAD_NAME = "Use letters, digits and . _ - and begin with a letter or digit."


class NameForm(forms.Form):
    own_name = forms.CharField(
        max_length=96,
        label="Name",
        help_text="Conversations change with it, and the former name goes on leading here.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class AboutForm(forms.Form):
    tags = forms.CharField(
        required=False,
        max_length=1000,
        label="Tags",
        help_text="With commas between them, such as summaries, week 3.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    licence = forms.CharField(
        required=False,
        max_length=200,
        label="Licence",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    notes = forms.CharField(
        required=False,
        max_length=LONGEST_NOTES,
        label="Notes",
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_tags(self) -> list[str]:
        return str(self.cleaned_data["tags"]).split(",")


class MergeForm(forms.Form):
    name = forms.RegexField(
        NAME,
        required=False,
        max_length=96,
        label="Name of the merged model",
        help_text="The model's and the adapter's name together, if left empty.",
        error_messages={"invalid": BAD_NAME},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def about_of(version: ModelVersion) -> dict[str, Any]:
    return {
        "tags": ", ".join(version.tags),
        "licence": version.licence,
        "notes": version.notes,
    }
