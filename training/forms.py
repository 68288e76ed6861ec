"""What people fill in on the Models page."""

from typing import Any

from django import forms

from training.models import ModelVersion
from training.services.places import NAME

NAME_HELP = "Shown in the chat. The last part of what is above, if left empty."


class NamedForm(forms.Form):
    """Several of these stand on one page, so each gives its fields ids of their own."""

    prefix_of_ids = "named"
    name = forms.CharField(
        required=False,
        max_length=96,
        label="Name here",
        help_text=NAME_HELP,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id=f"{self.prefix_of_ids}_%s")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name and not NAME.fullmatch(name):
            raise forms.ValidationError(
                "Use letters, digits and . _ - and begin with a letter or digit."
            )
        return name


class SitsOnForm(NamedForm):
    """For what may be a model or an adapter."""

    base = forms.ModelChoiceField(
        queryset=ModelVersion.objects.none(),
        required=False,
        empty_label="Nothing: it is a whole model",
        label="Sits on",
        help_text="For an adapter: the model that it was trained on.",
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["base"]
        whole = ModelVersion.objects.that_answer().bases().ready().in_use()
        field.queryset = whole  # type: ignore[attr-defined]


class HubForm(SitsOnForm):
    prefix_of_ids = "hub"
    field_order = ["origin", "base", "revision", "name"]
    origin = forms.RegexField(
        r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$",
        max_length=200,
        label="Model on the hub",
        help_text="Its id, such as HuggingFaceTB/SmolLM2-360M-Instruct.",
        error_messages={"invalid": "Give its id as owner/model."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    revision = forms.RegexField(
        r"^[\w./-]+$",
        required=False,
        max_length=100,
        label="Version",
        help_text="A branch, tag or commit. The newest, if left empty.",
        error_messages={"invalid": "A version has letters, digits and . _ / - only."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class FolderForm(SitsOnForm):
    prefix_of_ids = "folder"
    field_order = ["origin", "base", "name"]
    origin = forms.CharField(
        max_length=1000,
        label="Folder on the server",
        help_text="The whole path. Its files are copied; the folder itself stays as it is.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class GgufPathForm(NamedForm):
    prefix_of_ids = "path"
    field_order = ["origin", "name"]
    origin = forms.CharField(
        max_length=1000,
        label="File on the server",
        help_text="The whole path of a .gguf file. It is unpacked, so it takes more space then.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class UploadForm(NamedForm):
    """What a browser says about a file before it sends it."""

    prefix_of_ids = "upload"
    file_name = forms.CharField(max_length=255)
    size = forms.IntegerField(min_value=1, max_value=2**50)


class PrecisionForm(forms.Form):
    precision = forms.ChoiceField(
        choices=ModelVersion.Precision.choices,
        label="Precision",
        help_text="What the engine keeps the weights in. Less memory costs some quality.",
    )


class EndpointForm(forms.Form):
    name = forms.CharField(
        max_length=60,
        label="Name",
        help_text="Shown in the chat's list of models.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    url = forms.CharField(
        max_length=500,
        label="Address",
        help_text="Any OpenAI-compatible server, such as https://api.example.com/v1",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}
        ),
    )
    api_key = forms.CharField(
        required=False,
        max_length=500,
        label="Key",
        help_text="If the server asks for one. It is never shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
