"""Rows of any model, for what must hold for every model."""

from itertools import count
from typing import Any

from django.db import models
from django.utils import timezone

Model = type[models.Model]
# What a model's constraints want, where fields filled by their kind would not do.
# Ended work, for of live work there is often one at most.
WANTED: dict[str, dict[str, Any]] = {
    "feedback.doubting": {"state": "done"},
    "training.addition": {"state": "done"},
    "accounts.user": {"is_owner": False},
    "evaluation.evaluationrun": {"system": None, "remote": ""},
    "training.promotion": {"below": None},
}


class AnyRows:
    """`of(Project)`: a row with every field filled. Rows that it hangs on are made once for all,
    but for circles, and but for relations that want a row of their own."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._shared: dict[Model, Any] = {}

    def of(self, model: Model, *within: Model, **given: Any) -> Any:
        """`within`: the models whose rows are just being made."""
        wanted = WANTED.get(model._meta.label_lower, {}) | given
        found = {
            field.name: self._value(field, (*within, model))
            for field in model._meta.concrete_fields
            if field.name not in wanted and not field.primary_key
        }
        row = model(**found, **wanted)
        row.save()
        return row

    def _value(self, field: Any, within: tuple[Model, ...]) -> Any:
        number = next(self._numbers)
        if field.is_relation:
            return self._related(field, within)
        if field.choices:
            return field.flatchoices[0][0]
        if isinstance(field, models.CharField | models.TextField):
            return f"{field.name}-{number}"[-(field.max_length or 100) :]
        return _plain(field, number)

    def _related(self, field: Any, within: tuple[Model, ...]) -> Any:
        model = field.related_model
        if field.null and model in within:
            return None
        if field.unique or field.name in distinguishing(field.model):
            return self.of(model, *within)
        if model not in self._shared:
            self._shared[model] = self.of(model, *within)
        return self._shared[model]


def distinguishing(model: Model) -> set[str]:
    """Fields of which two rows may not have the same together."""
    found = [each for each in model._meta.constraints if isinstance(each, models.UniqueConstraint)]
    return {name for each in found for name in each.fields}


def _plain(field: Any, number: int) -> Any:
    if field.has_default():
        return field.get_default()
    match field:
        case models.BooleanField():
            return False
        case models.DateTimeField():
            return timezone.now()
        case models.IntegerField() | models.FloatField():
            return number
        case models.JSONField():
            return []
    return None if field.null else b""
