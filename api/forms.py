"""The form for a new key."""

from django import forms

from api.models import Scope

DAYS = ((30, "30 days"), (90, "90 days"), (365, "1 year"), (0, "Until I revoke it"))


class KeyForm(forms.Form):
    name = forms.CharField(
        max_length=100, label="Name", help_text="What it is for, for example the program's name."
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=[Scope.GENERATE],
        label="May",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what the key may be used for."},
    )
    days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=90, label="Works for")
    per_minute = forms.IntegerField(
        min_value=1, max_value=6000, initial=60, label="Requests per minute, at most"
    )
