"""The form of a new run, built from the method's settings and from those of the ways of tuning.

What it checks, a file from the shell is checked by too: one setting by `llmkit.configs.checked`,
the whole by `training.services.runs.asking.asked`.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django import forms

from accounts.models import User
from llmkit import tuning
from llmkit.configs import About, ConfigError, Setting, as_text, checked, settings_of
from training.forms_run_data import DataRows
from training.forms_run_sweep import SweepPart
from training.methods import Method
from training.models import ModelVersion
from training.services.errors import RunsError
from training.services.runs import offers
from training.services.runs.asking import Asked, asked
from training.services.runs.offers import Offers

MODEL_SLOTS = ("model", "adapter", "reward_model")
FAR = 100_000
PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class SettingField(forms.Field):
    """One setting; `clean` gives the value that a file would hold."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        about = setting.about
        super().__init__(
            required=False,
            label=about.label,
            help_text=" ".join(filter(None, (about.help, limits(about)))),
            widget=widget_for(setting),
            initial=shown(setting, setting.default),
        )

    @property
    def is_tick(self) -> bool:
        return self.setting.kind is bool

    def clean(self, value: Any) -> Any:
        try:
            return checked(self.setting, value)
        except ConfigError as error:
            raise forms.ValidationError(str(error)) from error


def limits(about: About) -> str:
    """What fits, where a person could wonder: "1 to 1,024."."""
    low, high = about.minimum, about.maximum
    if low is None and high is None:
        return ""
    if high is None or high >= FAR:
        return f"At least {low:,g}." if low is not None else ""
    return f"{low:,g} to {high:,g}." if low is not None else f"At most {high:,g}."


def widget_for(setting: Setting) -> forms.Widget:
    if setting.kind is bool:
        return forms.CheckboxInput()
    if setting.about.choices:
        return forms.Select(choices=[(name, name.capitalize()) for name in setting.about.choices])
    modes = {int: "numeric", float: "decimal"}
    mode = modes.get(setting.kind)
    return forms.TextInput(attrs={**PLAIN, **({"inputmode": mode} if mode else {})})


def shown(setting: Setting, value: Any) -> Any:
    """As the widget takes it."""
    return bool(value) if setting.kind is bool else as_text(value)


class RunForm(forms.Form):
    """`start`: values as a file would hold them (of a recipe, or of the run that is cloned)."""

    name = forms.CharField(
        max_length=80,
        label="Name",
        help_text="What it makes will be called so, too.",
        widget=forms.TextInput(attrs=PLAIN),
    )

    def __init__(
        self, method: Method, user: User, data: Any = None, start: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, auto_id="run_%s")
        self.method, self.user, self.start = method, user, dict(start or {})
        self.ways = [tuning.get(name) for name in method.ways]
        self.base = self._base()
        self.offers = offers.of_method(method, user, base=self.base)
        self.fields |= self._slot_fields() | self._setting_fields() | self._way_fields()
        self.sweep = SweepPart(method, None if self.goes_on else self.way, data)
        self.swept: dict[str, list[Any]] = {}
        self.rows = DataRows.of(self.offers.get("dataset"), data, self.start.get("dataset"))

    # What is chosen, typed or not

    def chosen(self, name: str) -> str:
        """As it stands in the form now."""
        if self.is_bound:
            return str(self.data.get(name, ""))
        return str(self.start.get(name) or "")

    def _base(self) -> ModelVersion | None:
        known = ModelVersion.objects.known()
        return known.filter(name=self.chosen("model") or default_model()).first()

    @property
    def way(self) -> str:
        peft = self.start.get("peft")
        before = peft.get("kind") if isinstance(peft, Mapping) else peft
        said = self.data.get("way") if self.is_bound else before
        return said if said in self.method.ways else self.method.ways[0]

    @property
    def goes_on(self) -> bool:
        return bool(self.chosen("adapter"))

    @property
    def cloned_from(self) -> UUID | None:
        """The run that this one is done after."""
        try:
            return UUID(self.chosen("cloned_from"))
        except ValueError:
            return None

    @property
    def suggested_name(self) -> str:
        return "-".join(filter(None, (self.rows.first_name, self.method.name)))

    @property
    def name_now(self) -> str:
        """A suggestion that nobody changed follows what is chosen."""
        if not self.is_bound:
            return str(self.start.get("name") or self.suggested_name)
        typed = str(self.data.get("name", ""))
        return self.suggested_name if typed == self.data.get("suggested") else typed

    @property
    def reference(self) -> str:
        """What the model that learns is held near to."""
        if not self.method.has_reference:
            return ""
        going_on = self.chosen("adapter")
        if going_on:
            return f"A frozen copy of {going_on}."
        return f"{self.base} as it is." if self.base else "The base model as it is."

    # Fields

    def _slot_fields(self) -> dict[str, forms.Field]:
        found: dict[str, forms.Field] = {}
        for name in MODEL_SLOTS:
            if name in self.offers:
                found[name] = slot_field(self.offers[name])
                self.initial[name] = self.chosen(name) or first_choice(self.offers[name])
        return found

    def _setting_fields(self) -> dict[str, forms.Field]:
        for setting in settings_of(self.method.config):
            if setting.name in self.start:
                self.initial[setting.name] = shown(setting, self.start[setting.name])
        return {each.name: SettingField(each) for each in settings_of(self.method.config)}

    def _way_fields(self) -> dict[str, forms.Field]:
        found: dict[str, forms.Field] = {}
        peft = self.start.get("peft")
        before = peft if isinstance(peft, Mapping) else {}
        for way in self.ways:
            for setting in settings_of(way.config):
                name = in_way(way.name, setting.name)
                found[name] = SettingField(setting)
                if way.name == self.way and setting.name in before:
                    self.initial[name] = shown(setting, before[setting.name])
        return found

    # For the template

    @property
    def settings(self) -> list[forms.BoundField]:
        return [self[each.name] for each in settings_of(self.method.config) if not folded(each)]

    @property
    def advanced(self) -> list[forms.BoundField]:
        return [self[each.name] for each in settings_of(self.method.config) if folded(each)]

    @property
    def advanced_errors(self) -> bool:
        return self.is_bound and any(field.errors for field in self.advanced)

    @property
    def slots(self) -> list[tuple[forms.BoundField, Offers]]:
        return [(self[name], self.offers[name]) for name in MODEL_SLOTS if name in self.offers]

    def way_sections(self) -> Iterator[dict[str, Any]]:
        for way in self.ways:
            known = settings_of(way.config)
            fields = [(each, self[in_way(way.name, each.name)]) for each in known]
            yield {
                "way": way,
                "chosen": way.name == self.way,
                "plain": [field for each, field in fields if not folded(each)],
                "advanced": [field for each, field in fields if folded(each)],
            }

    # What it asks for

    def clean(self) -> dict[str, Any]:
        cleaned = dict(self.cleaned_data)
        for error in self.rows.errors:
            self.add_error(None, error)
        try:
            self.swept = self.sweep.fields()
        except ConfigError as error:
            self.add_error(None, str(error))
        for name in self._unchosen_ways():
            self.errors.pop(name, None)
        return cleaned

    def _unchosen_ways(self) -> list[str]:
        """What is wrong in a way that is not taken keeps nobody from starting."""
        return [
            name
            for name in self.fields
            if "-" in name and (self.goes_on or not name.startswith(f"{self.way}-"))
        ]

    def values(self) -> dict[str, Any]:
        """What a file for the shell would hold."""
        cleaned = self.cleaned_data
        found = {name: cleaned[name] for name in MODEL_SLOTS if cleaned.get(name)}
        found |= {each.name: cleaned[each.name] for each in settings_of(self.method.config)}
        if not self.goes_on:
            way = tuning.get(self.way)
            kept = {s.name: cleaned[in_way(way.name, s.name)] for s in settings_of(way.config)}
            found["peft"] = {"kind": way.name, **kept}
        return found | {"name": cleaned["name"], "dataset": list(self.rows.inputs)}

    def asked(self) -> Asked | None:
        """The run that can be made, or None with the errors beside their fields."""
        if not self.is_valid():
            return None
        try:
            return asked(self.method.name, self.values())
        except RunsError as error:
            self.add_error(self._field_of(error.field), str(error))
            return None

    def _field_of(self, name: str) -> str | None:
        within = name.removeprefix("peft.")
        own = in_way(self.way, within) if within != name else name
        return own if own in self.fields else None


def folded(setting: Setting) -> bool:
    return setting.about.advanced


def in_way(way: str, setting: str) -> str:
    return f"{way}-{setting}"


def default_model() -> str:
    from django.conf import settings

    return str(settings.DEFAULT_MODEL)


def slot_field(found: Offers) -> forms.Field:
    empty = [] if found.slot.required and found.fitting else [("", empty_label(found))]
    choices = [*empty, *((offer.value, offer.label) for offer in found.fitting)]
    return forms.ChoiceField(
        choices=choices,
        required=found.slot.required,
        label=found.slot.label,
        error_messages={
            "required": f"{found.slot.label}: there is none that fits.",
            "invalid_choice": f"{found.slot.label}: this one can't be chosen. Take another.",
        },
    )


def empty_label(found: Offers) -> str:
    return "None fits" if found.slot.required else "None: begin anew"


def first_choice(found: Offers) -> str:
    """The site's own default where it fits, else the first."""
    if not found.slot.required or not found.values:
        return ""
    return default_model() if default_model() in found.values else found.values[0]
