"""What people fill in on the dataset pages."""

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
