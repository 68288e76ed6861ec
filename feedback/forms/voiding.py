"""Why rankings are voided, and which of a person's."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

REASON = "Others see it beside what was voided."


class VoidForm(forms.Form):
    reason = forms.CharField(
        max_length=300, label="Why", help_text=REASON, error_messages={"required": "Say why."}
    )


class VoidSpanForm(VoidForm):
    """Days are whole, and both are included."""

    first = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    last = forms.DateField(
        required=False, label="To", widget=forms.DateInput(attrs={"type": "date"})
    )
    field_order = ("first", "last", "reason")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if first and last and first > last:
            raise forms.ValidationError("The first day must not come after the last.")
        return given

    def span(self) -> tuple[datetime | None, datetime | None]:
        """The moments at which the days begin and end."""
        first, last = self.cleaned_data["first"], self.cleaned_data["last"]
        since = timezone.make_aware(datetime.combine(first, time())) if first else None
        after = datetime.combine(last + timedelta(days=1), time()) if last else None
        return since, timezone.make_aware(after) if after else None
