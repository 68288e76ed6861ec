"""Coming in: the first visit, signing in, and joining by invitation."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.forms import NewAccountForm, NewPasswordForm, SignInForm
from accounts.models import Invitation, User

BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(LoginView):
    http_method_names = ["get", "head", "post"]
    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class NewPassword(PasswordResetConfirmView):
    """Where an admin's link leads someone who forgot their password. Wrong links say so."""

    http_method_names = ["get", "head", "post"]
    template_name = "accounts/new_password.html"
    form_class = NewPasswordForm
    success_url = reverse_lazy("accounts:login")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Password set. Sign in with it.")
        return super().form_valid(form)


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """The owner's account, for whoever comes first; nothing to see once it exists."""
    if User.objects.exists() and request.method != "POST":
        return redirect("accounts:login")
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            login(request, services.create_owner(**form.account()), backend=BACKEND)
        except services.OwnerExistsError as error:
            messages.error(request, str(error))
            return redirect("accounts:login")
        return redirect("/")
    return render(request, "accounts/setup.html", {"form": form})


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    if request.user.is_authenticated:
        messages.info(request, "You already have an account here. The invitation was not used.")
        return redirect("/")
    invitation = Invitation.objects.with_token(token).first()
    if invitation is None or invitation.state != "open":
        return _gone(request, invitation)
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _join(request, form, token)
    return render(request, "accounts/join.html", {"form": form, "invitation": invitation})


def _join(request: HttpRequest, form: NewAccountForm, token: str) -> HttpResponse:
    try:
        login(request, services.join(token=token, **form.account()), backend=BACKEND)
    except services.InvitationGoneError:
        return _gone(request, Invitation.objects.with_token(token).first())
    except services.NameTakenError as error:
        form.add_error("username", str(error))
        return render(request, "accounts/join.html", {"form": form})
    return redirect("/")


def _gone(request: HttpRequest, invitation: Invitation | None) -> HttpResponse:
    """404 for a link that never was, 410 for one that is over, each with what to do."""
    context = {"state": invitation.state if invitation else "unknown"}
    return render(request, "accounts/join_gone.html", context, status=410 if invitation else 404)
