"""What a dataset version is to be made of."""

from typing import Any

from django import forms

from feedback.models import Annotation, Project
from feedback.rules.splits import SPLITS
from feedback.services.snapshots import Recipe

SHARE_FIELDS = tuple((split, f"share_{split}") for split in SPLITS)


class FreezingForm(forms.Form):
    """Shares are asked for in per cent."""

    name = forms.CharField(
        max_length=100,
        label="Dataset",
        help_text="A new name, or a preference dataset that gets its next version.",
        widget=forms.TextInput(attrs={"list": "datasets", "autocomplete": "off"}),
    )
    share_train = forms.FloatField(min_value=0, max_value=100, label="Train, %")
    share_validation = forms.FloatField(min_value=0, max_value=100, label="Validation, %")
    share_test = forms.FloatField(min_value=0, max_value=100, label="Test, %")
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**31,
        label="Seed",
        help_text="Another seed sorts the prompts into other splits. Keep it from version to "
        "version, so that no prompt moves.",
    )
    margin = forms.FloatField(
        min_value=0,
        max_value=0.49,
        label="Margin δ",
        help_text="How far from one half the vote about two answers must be to give a pair. With 0 "
        "two against one is a pair; with 0.4 nearly everybody has to agree.",
    )
    sources = forms.MultipleChoiceField(
        choices=Annotation.Source.choices,
        label="Rankings from",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one source of rankings."},
        help_text="Chat votes are not blind: people who vote in a chat know which model answered.",
    )
    include_ai = forms.BooleanField(
        required=False,
        label="Include rankings by models and rules",
        help_text="Off: only people's rankings become pairs. On: the ranking of a model or a "
        "declared rule stands in where no person has ranked a task, never against one, and every "
        "such row and export says so.",
    )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        shares = [found[field] for _, field in SHARE_FIELDS if found.get(field) is not None]
        if len(shares) == len(SHARE_FIELDS) and abs(sum(shares) - 100) > 1e-6:
            self.add_error(None, f"The three shares add up to {sum(shares):g} %, not to 100 %.")
        return found

    @property
    def recipe(self) -> Recipe:
        """What a valid form asks for."""
        said = self.cleaned_data
        return Recipe(
            seed=said["seed"],
            shares={split: said[field] / 100 for split, field in SHARE_FIELDS},
            margin=said["margin"],
            include_ai=said["include_ai"],
            sources=tuple(sorted(said["sources"])),
        )


def asked_last(project: Project) -> dict[str, Any]:
    """What was chosen for this project the last time, else the usual."""
    last = project.freezings.order_by("-created_at").first()
    recipe = Recipe.restored(last.recipe) if last else Recipe()
    shares = {field: round(100 * recipe.shares.get(s, 0), 6) for s, field in SHARE_FIELDS}
    return {
        "name": last.name if last else project.slug,
        "seed": recipe.seed,
        "margin": recipe.margin,
        "sources": list(recipe.sources),
        "include_ai": recipe.include_ai,
        **{field: f"{share:g}" for field, share in shares.items()},
    }
