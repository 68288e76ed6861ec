"""Uploading a file of rankings."""

from dataclasses import dataclass

from django import forms

from feedback.importers import FORMATS


@dataclass(frozen=True)
class Format:
    """What people know a format by, and one row of it."""

    name: str
    words: str
    sample: str


SAMPLES = (
    Format(
        "hh-rlhf", "Anthropic hh-rlhf", '{"chosen": "\\n\\nHuman: …", "rejected": "\\n\\nHuman: …"}'
    ),
    Format(
        "oasst",
        "OpenAssistant trees",
        '{"prompt": {"text": "…", "role": "prompter", "replies": [{"text": "…", "rank": 0}, …]}}',
    ),
    Format("trl", "TRL preferences", '{"prompt": "…", "chosen": "…", "rejected": "…"}'),
    Format(
        "annotations",
        "Our own rankings",
        '{"task": "t1", "prompt": "…", "candidates": [{"text": "…"}, {"text": "…"}], '
        '"annotator": "ada", "tiers": [[0], [1]]}',
    ),
)


def formats() -> list[Format]:
    """Every one there is, with those that have words first."""
    named = {found.name for found in SAMPLES}
    return [*SAMPLES, *(Format(name, name, "") for name in FORMATS if name not in named)]


class ImportForm(forms.Form):
    """What a browser says about a file before it sends it."""

    format = forms.ChoiceField(label="Format")
    overlap = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=20,
        label="People to rank them again",
        help_text="0 takes the rankings as they are. From 1 on, labelers here are asked too.",
    )
    file_name = forms.CharField(max_length=255)
    size = forms.IntegerField(
        min_value=1, max_value=2**40, error_messages={"min_value": "The file is empty."}
    )

    def __init__(self, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        choice: object = self.fields["format"]
        choice.choices = [(f.name, f.words) for f in formats()]  # type: ignore[attr-defined]

    def clean_overlap(self) -> int:
        return self.cleaned_data.get("overlap") or 0


class AskForm(forms.Form):
    """Letting people rank what was imported."""

    overlap = forms.IntegerField(min_value=1, max_value=20, label="Overlap")
