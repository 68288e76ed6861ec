"""What people fill in on the dataset pages."""

from typing import Any

from django import forms


class DatasetForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        label="Name",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    licence = forms.CharField(
        required=False,
        max_length=200,
        label="Licence",
        help_text="Under which terms it may be used, such as MIT or CC BY-SA 4.0.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    notes = forms.CharField(
        required=False,
        max_length=20_000,
        label="Notes",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    shared = forms.BooleanField(
        required=False,
        label="Share with every trainer",
        help_text="They may look at it, download it and train on it, but not change it.",
    )


class HubDatasetForm(forms.Form):
    repo = forms.RegexField(
        r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$",
        max_length=200,
        label="Dataset on the hub",
        help_text="Its id, such as openai/gsm8k.",
        error_messages={"invalid": "Give its id as owner/dataset."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    config = forms.CharField(
        required=False,
        max_length=200,
        label="Config",
        help_text="Some datasets have several. Leave it empty for the only or the default one.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    split = forms.CharField(
        required=False,
        max_length=200,
        label="Split",
        help_text="Such as train or test. All of them, if left empty.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    revision = forms.RegexField(
        r"^[\w./-]+$",
        required=False,
        max_length=100,
        label="Version",
        help_text="A branch, tag or commit. The newest, if left empty.",
        error_messages={"invalid": "A version has letters, digits and . _ / - only."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="hub_%s")


class UploadedForm(forms.Form):
    """What a browser says about a file before it sends it."""

    file_name = forms.CharField(max_length=255)
    size = forms.IntegerField(min_value=0, max_value=2**50)
