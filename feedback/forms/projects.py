"""Making a project and its settings. Shares are shown in percent and stored from 0 to 1."""

from typing import Any

from django import forms
from django.db.models import Q

from accounts.access import LABELER
from accounts.models import User
from feedback.models import Project
from llmkit.numbers import whole_number

MOST_GUIDELINES = 50_000
OWN_WORDS = "Say in your own words what a better answer is."
OPEN = [("yes", "Everyone who may label"), ("no", "Only these people")]


class PeopleField(forms.ModelMultipleChoiceField):
    """Django asks the database for whatever was sent, also for numbers that it has no room for."""

    def clean(self, value: Any) -> Any:
        for each in value or ():
            if whole_number(each) is None:
                unknown = self.error_messages["invalid_choice"]
                raise forms.ValidationError(unknown, "invalid_choice", {"value": str(each)[:40]})
        return super().clean(value)


class ObjectiveForm(forms.Form):
    """What every form of a project has."""

    name = forms.CharField(
        max_length=100, label="Name", widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    objective = forms.ChoiceField(
        choices=Project.Objective.choices, label="Objective", widget=forms.RadioSelect
    )
    objective_text = forms.CharField(
        required=False,
        max_length=300,
        label="Your own objective",
        help_text="What makes one answer better than another, in one sentence. Labelers read it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    candidates = forms.IntegerField(
        min_value=2,
        max_value=9,
        label="Answers per task",
        help_text="How many are generated for each prompt, from 2 to 9.",
    )
    overlap = forms.IntegerField(
        min_value=1,
        max_value=20,
        label="Overlap",
        help_text="How many people rank each task, from 1 to 20. From 2 on, agreement shows.",
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        own = values.get("objective") == Project.Objective.OWN
        if own and not values.get("objective_text", "").strip():
            self.add_error("objective_text", OWN_WORDS)
        return values


class NewProjectForm(ObjectiveForm):
    guidelines = forms.CharField(
        required=False,
        max_length=MOST_GUIDELINES,
        label="Guidelines",
        help_text="What labelers go by, in Markdown. They can be written later too.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class PercentField(forms.IntegerField):
    """Whole percent in the form, a share outside of it."""

    def clean(self, value: Any) -> Any:
        percent = super().clean(value)
        return None if percent is None else percent / 100

    def prepare_value(self, value: Any) -> Any:
        return round(value * 100) if isinstance(value, float) else value


class SettingsForm(ObjectiveForm):
    for_old_tasks = forms.BooleanField(
        required=False, label="Use this overlap for the tasks there are too"
    )
    order = forms.ChoiceField(
        choices=Project.Order.choices,
        label="Order",
        widget=forms.RadioSelect,
        help_text="By doubt once a reward model was asked, below. Until then at random.",
    )
    uniform_share = PercentField(
        min_value=0,
        max_value=100,
        label="Share in random order, %",
        help_text="Kept random even when the rest is ordered, so that measures stay unbiased.",
    )
    gold_share = PercentField(
        min_value=0,
        max_value=50,
        label="Gold tasks, %",
        help_text="Of the tasks a person gets, how many have an answer you know.",
    )
    repeat_share = PercentField(
        min_value=0,
        max_value=50,
        label="Repeats, %",
        help_text="How many a person gets a second time, to see whether they judge the same.",
    )
    claim_minutes = forms.IntegerField(
        min_value=1,
        max_value=1440,
        label="Minutes for a task",
        help_text="When nothing is done for so long, the task goes to others. The draft is kept.",
    )
    questions = forms.MultipleChoiceField(
        required=False,
        choices=Project.Question.choices,
        label="Ask besides the ranking",
        widget=forms.CheckboxSelectMultiple,
    )
    open_to_all = forms.TypedChoiceField(
        choices=OPEN,
        coerce=lambda value: value == "yes",
        label="Who may rank",
        widget=forms.RadioSelect,
    )
    people = PeopleField(
        queryset=User.objects.none(),
        required=False,
        label="People",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: Any = self.fields["people"]
        people.queryset = labelers()
        people.label_from_instance = lambda person: person.display_name


def labelers() -> Any:
    able = Q(groups__name=LABELER) | Q(is_superuser=True)
    return User.objects.filter(able, is_active=True).distinct().order_by("username")


def settings_of(project: Project) -> dict[str, Any]:
    """The form's first values."""
    names = set(SettingsForm.base_fields) - {"for_old_tasks", "open_to_all", "people"}
    return {
        **{name: getattr(project, name) for name in names},
        "for_old_tasks": True,
        "open_to_all": "yes" if project.open_to_all else "no",
        "people": list(project.people.all()),
    }
