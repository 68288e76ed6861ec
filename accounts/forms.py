"""Forms about people."""

from typing import Any

from django import forms
from django.contrib.auth.forms import (
    AuthenticationForm,
    PasswordChangeForm,
    SetPasswordForm,
    UserCreationForm,
    UsernameField,
)

from accounts.access import ADMIN, CHATTER, LABELER, TRAINER
from accounts.models import Change, User
from accounts.services import NAME_TAKEN

MAY_ALSO = (
    (LABELER, "Judge answers"),
    (TRAINER, "Train models"),
    (ADMIN, "Manage people"),
)
RIGHTS = ((CHATTER, "Chat"), *MAY_ALSO)
# No user name has this.
SYSTEM = "*"
DAYS = ((1, "1 day"), (7, "7 days"), (30, "30 days"))


class SignInForm(AuthenticationForm):
    username = UsernameField(label="User name", widget=forms.TextInput(attrs={"autofocus": True}))
    error_messages = {
        "invalid_login": "That user name and password do not belong together. Check both.",
        "inactive": "This account is switched off. Ask an admin.",
    }


class NewAccountForm(UserCreationForm):
    """The first account and every invited one: a name and a password typed twice."""

    display_name = forms.CharField(
        required=False,
        max_length=150,
        label="Display name",
        help_text="Shown to others. Your user name, if left empty.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    class Meta:
        model = User
        fields = ("username",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["username", "display_name", "password1", "password2"])
        self.fields["username"].error_messages["unique"] = NAME_TAKEN
        self.fields["username"].label = "User name"
        self.fields["username"].widget.attrs["autocomplete"] = "username"
        self.fields["username"].help_text = "Letters, digits and @ . + - _"
        self.fields["password1"].help_text = "At least 8 characters, and not a common password."
        self.fields["password2"].label = "Password again"
        self.fields["password2"].help_text = ""

    def account(self) -> dict[str, str]:
        """What the services that make an account want."""
        data = self.cleaned_data
        return {
            "username": data["username"],
            "password": data["password1"],
            "display_name": data["display_name"],
        }


class DisplayNameForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("first_name",)
        labels = {"first_name": "Display name"}
        help_texts = {"first_name": "Shown to others. Your user name, if left empty."}
        widgets = {"first_name": forms.TextInput(attrs={"autocomplete": "name"})}


class MailForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("email", "mails")
        labels = {"email": "Address", "mails": "Send an e-mail when my long work ends or fails"}
        widgets = {"email": forms.EmailInput(attrs={"autocomplete": "email"})}


class NewPasswordForm(SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = "At least 8 characters, and not a common password."
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""


class PasswordForm(PasswordChangeForm):
    """Without Django's autofocus, which would jump over the rest of the account page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["old_password"].widget.attrs["autofocus"]
        self.fields["old_password"].label = "Password now"
        self.fields["new_password1"].help_text = "At least 8 characters, and not a common password."
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""


class InvitationForm(forms.Form):
    groups = forms.MultipleChoiceField(
        choices=MAY_ALSO,
        required=False,
        label="May also",
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(max_length=200, required=False, label="Note, for example who it is for")
    days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=7, label="Works for")


class GroupsForm(forms.Form):
    groups = forms.MultipleChoiceField(choices=RIGHTS, required=False)


class AuditForm(forms.Form):
    """What narrows the audit log. Whoever acted in it may be chosen, also when they are gone."""

    who = forms.ChoiceField(required=False, label="Who")
    kind = forms.ChoiceField(
        required=False, label="What", choices=[("", "Anything"), *Change.Kind.choices]
    )
    first = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    last = forms.DateField(
        required=False, label="Until", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Change.objects.exclude(who_name="").order_by("who_name")
        found = names.values_list("who_name", flat=True).distinct()
        people = [(name, name) for name in found]
        self.fields["who"].choices = [("", "Anyone"), (SYSTEM, "The system"), *people]  # type: ignore[attr-defined]
