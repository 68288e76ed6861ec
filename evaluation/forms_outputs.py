"""The form that takes a file of outputs."""

from typing import Any

from django import forms

from evaluation import metrics
from evaluation.metrics import Need
from evaluation.services.scoring_saving import LONGEST_NAME
from evaluation.services.scoring_upload import Asked

USUAL = ("rouge", "bleu", "exact_match")
HIDDEN = {Need.CHOICES, Need.LIKELIHOODS, Need.REWARD_MODEL, Need.ATTEMPTS}


class Names(forms.CharField):
    """Names with commas between them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=2000, **options)

    def to_python(self, value: Any) -> Any:
        return [
            part.strip() for part in (super().to_python(value) or "").split(",") if part.strip()
        ]


class OutputsForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="CSV, TSV, JSONL, JSON or Parquet: a row an item, a column a system.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.jsonl,.json,.parquet,.gz"}),
    )
    reference = Names(
        label="Reference columns",
        help_text="With commas between several. Left empty: the column that is called so.",
    )
    systems = Names(
        label="Columns of outputs",
        help_text="COLUMN=NAME gives one a name. Left empty: every other column.",
    )
    source = forms.CharField(
        label="Source column",
        required=False,
        max_length=200,
        help_text="Rows with the same value come from one source and are drawn together.",
    )
    metrics = forms.MultipleChoiceField(
        label="Metrics", widget=forms.CheckboxSelectMultiple, initial=USUAL
    )
    save = forms.CharField(
        label="Name on the leaderboard",
        required=False,
        max_length=LONGEST_NAME,
        help_text="Left empty, the scores are shown and not kept.",
    )
    shared = forms.BooleanField(label="For everybody to see", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})
        self.fields["metrics"].choices = choices()  # type: ignore[attr-defined]

    def asked(self) -> Asked:
        given = self.cleaned_data
        return Asked(
            given["reference"],
            given["systems"],
            given["metrics"],
            given["source"].strip(),
            given["save"].strip(),
            given["shared"],
        )


def choices() -> list[tuple[str, str]]:
    """Those that a file of outputs can have."""
    every = [metrics.get(name) for name in metrics.names()]
    return [(one.name, one.label) for one in every if not HIDDEN & one.needs]
