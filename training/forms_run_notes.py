"""The form of a run's name and notes."""

from django import forms


class NotesForm(forms.Form):
    name = forms.CharField(
        max_length=80,
        help_text="What the run has made keeps the name that it has.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    notes = forms.CharField(
        required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
    )
