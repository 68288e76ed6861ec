"""A manager's ranking without a script: a place for every answer."""

from typing import Any
from uuid import uuid4

from django import forms

from feedback.models import Annotation
from feedback.rules.pairs import Ranking, RankingError

UNRANKED = ""


class AdjudicationForm(forms.Form):
    """`place_<k>` is the place of answer k of the candidate set, 1 for the best; equal places are a
    tie and none leaves it unranked. `bad_<k>` puts it below the line.
    """

    key = forms.CharField(max_length=100, widget=forms.HiddenInput)
    all_bad = forms.BooleanField(required=False, label="All answers are bad")
    comment = forms.CharField(
        required=False, label="Comment", widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self, data: Any = None, *, letters: list[str], decided: Annotation | None = None
    ) -> None:
        super().__init__(data, initial=initial(decided))
        self.letters = letters
        choices = [(UNRANKED, "Not ranked"), *((k, k) for k in range(1, len(letters) + 1))]
        for k, letter in enumerate(letters):
            self.fields[f"place_{k}"] = forms.TypedChoiceField(
                choices=choices,
                coerce=int,
                empty_value=None,
                required=False,
                label=f"Place of answer {letter}",
            )
            self.fields[f"bad_{k}"] = forms.BooleanField(
                required=False, label=f"Answer {letter} is unacceptable"
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        try:
            self.ranking = ranking_of(given, len(self.letters)).checked()
        except RankingError as error:
            raise forms.ValidationError(self.in_letters(error)) from error
        if not self.ranking.tiers and not self.ranking.unacceptable:
            raise forms.ValidationError("Give at least one answer a place.")
        return given

    def in_letters(self, error: RankingError) -> str:
        """The rules speak of numbers; people see letters."""
        return str(error).replace("candidate", "answer")


def ranking_of(given: dict[str, Any], size: int) -> Ranking:
    places = {k: given.get(f"place_{k}") for k in range(size)}
    used = sorted({place for place in places.values() if place is not None})
    all_bad = bool(given.get("all_bad"))
    bad = range(size) if all_bad else [k for k in range(size) if given.get(f"bad_{k}")]
    return Ranking(
        size=size,
        tiers=tuple(tuple(k for k in range(size) if places[k] == place) for place in used),
        unranked=tuple(k for k in range(size) if places[k] is None),
        unacceptable=frozenset(bad),
        all_bad=all_bad,
    )


def initial(decided: Annotation | None) -> dict[str, Any]:
    """What was decided before, with a key of its own for what is decided now."""
    found: dict[str, Any] = {"key": f"adjudication-{uuid4()}"}
    if decided is None:
        return found
    for place, tier in enumerate(decided.tiers, start=1):
        found |= {f"place_{k}": place for k in tier}
    found |= {f"bad_{k}": not decided.all_bad for k in decided.unacceptable}
    return found | {"all_bad": decided.all_bad, "comment": decided.comment}
