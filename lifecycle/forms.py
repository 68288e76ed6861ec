"""How a rehearsal is begun from its page."""

from typing import Any

from django import forms

from feedback.rules.declared import RULES
from lifecycle.models import Rehearsal
from lifecycle.sizes import RULE
from training.models import ModelVersion

TRAINED = (ModelVersion.Kind.BASE, ModelVersion.Kind.MERGED)


class NewForm(forms.Form):
    size = forms.ChoiceField(
        choices=Rehearsal.Size.choices,
        initial=Rehearsal.Size.QUICK,
        widget=forms.RadioSelect,
        help_text="Quick shows within minutes that the loop works, on a model that is made for it "
        "and good for nothing. Full trains a model of yours for half an hour or more.",
    )
    model = forms.ChoiceField(
        label="Model of a full rehearsal", required=False, help_text="An adapter is put on it."
    )
    rule = forms.ChoiceField(
        label="Rule",
        choices=[
            (rule.name, f"{rule.title}. {rule.sentence}") for rule in map(RULES.get, RULES.names())
        ],
        initial=RULE,
        widget=forms.RadioSelect,
        help_text="It ranks in the place of people, and everything that comes of it says so.",
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        usable = ModelVersion.objects.ready().in_use().filter(kind__in=TRAINED)
        names = usable.values_list("name", flat=True)
        field: Any = self.fields["model"]
        field.choices = [("", "The default model"), *((name, name) for name in names)]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("size") == Rehearsal.Size.QUICK:
            found["model"] = ""
        return found
