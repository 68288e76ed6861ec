"""What people fill in to start evaluations and to bring files."""

from typing import Any

from django import forms

from accounts.models import User
from evaluation.benchmarks import Task
from evaluation.prompt_sources import offered
from evaluation.services.errors import EvaluationsError
from evaluation.services.runs import offers
from evaluation.services.runs.asking import DEFAULT_MEASURES, Asked, asked

MOST_RUNS = 100


class NewEvaluationForm(forms.Form):
    """Every chosen model on every chosen benchmark and dataset is a run of its own."""

    models = forms.MultipleChoiceField(
        label="Models",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one model."},
    )
    benchmarks = forms.MultipleChoiceField(
        label="Benchmarks", required=False, widget=forms.CheckboxSelectMultiple
    )
    dataset = forms.ChoiceField(
        label="Evaluation set",
        required=False,
        help_text="A dataset of your own with inputs and references, instead or as well.",
    )
    template = forms.ChoiceField(
        label="Prompt template", required=False, help_text="How each input is asked."
    )
    measures = forms.CharField(
        label="Measures",
        required=False,
        max_length=300,
        help_text="With commas between them, such as rougeL, bleu, exact_match.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    limit = forms.IntegerField(
        label="Limit",
        required=False,
        min_value=1,
        help_text="The first items of each task only. Empty for all.",
    )
    shots = forms.IntegerField(
        label="Shots",
        required=False,
        min_value=0,
        max_value=100,
        help_text="Worked examples before each question. Empty for what the benchmark is known by.",
    )
    seed = forms.IntegerField(
        label="Seed", required=False, min_value=0, help_text="Which examples are drawn."
    )
    chat_template = forms.BooleanField(
        label="Ask through the model's chat template",
        required=False,
        help_text="Benchmarks are known by plain text; instruction-tuned models may do better "
        "with it. It is noted with the score.",
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.templates = {each.key: each for each in offered(user)}
        self.sets = {str(version.pk): version for version in offers.datasets(user)}
        self.choices = offers.choices()
        self._choose("models", offers.models())
        self._choose("benchmarks", [(each.name, each.benchmark.title) for each in self.choices])
        sets = [(key, str(version)) for key, version in self.sets.items()]
        self._choose("dataset", [("", "None"), *sets])
        named = [(key, f"{t.name}, version {t.version}") for key, t in self.templates.items()]
        self._choose("template", [("", "The input alone"), *named])
        self.fields["measures"].initial = ", ".join(DEFAULT_MEASURES)

    @property
    def chosen_benchmarks(self) -> list[str]:
        """What is ticked: sent along, or named in the address."""
        found = self["benchmarks"].value()
        return list(found or ())

    @property
    def chose_elsewhere(self) -> bool:
        """Whether something is ticked that the page folds away."""
        ticked = set(self.chosen_benchmarks)
        return any(each.name in ticked and not each.runs_here for each in self.choices)

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = choices

    def wanted(self) -> list[Asked]:
        """The runs that are asked for; none, with errors in the form, where something is wrong."""
        if not self.is_valid():
            return []
        values = list(self._values())
        if not values:
            self.add_error("benchmarks", "Choose a benchmark, or an evaluation set.")
        if len(values) > MOST_RUNS:
            self.add_error("models", f"That is {len(values)} runs; start at most {MOST_RUNS}.")
        if self.errors:
            return []
        try:
            return [asked(each) for each in values]
        except EvaluationsError as error:
            self.add_error(self._field_of(error), str(error))
            return []

    def _field_of(self, error: EvaluationsError) -> str | None:
        known = {"model": "models", "benchmark": "benchmarks", "split": "dataset"}
        name = known.get(error.field, error.field)
        return name if name in self.fields else None

    def _values(self) -> Any:
        data = self.cleaned_data
        common = {name: data[name] for name in ("limit", "shots", "seed", "chat_template")}
        for model in data["models"]:
            for name in data["benchmarks"]:
                yield {**common, "model": model, "benchmark": name}
            if data["dataset"]:
                yield {**common, "model": model, **self._of_dataset()}

    def _of_dataset(self) -> dict[str, Any]:
        data = self.cleaned_data
        template = self.templates.get(data["template"])
        measures = [name.strip() for name in data["measures"].split(",") if name.strip()]
        prompt = template.for_run() if template else {}
        return {"dataset": self.sets[data["dataset"]], "measures": measures, "prompt": prompt}


class Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class SeveralFiles(forms.FileField):
    """Files in the order in which they were chosen."""

    widget = Files

    def clean(self, data: Any, initial: Any = None) -> Any:
        given = data if isinstance(data, list | tuple) else [data]
        return [super(SeveralFiles, self).clean(each, initial) for each in given]


class BringForm(forms.Form):
    split = forms.ChoiceField(label="Split")
    files = SeveralFiles(  # type: ignore[assignment]
        label="Files", error_messages={"required": "Choose a file."}
    )

    def __init__(self, task: Task, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["split"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [(name, f"{name} ({rows:,} items)") for name, rows in task.splits.items()]
        self.initial.setdefault("split", task.split)
        self.fields["files"].help_text = task.files.get("hint", "")
