"""One's own account."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import signed_in
from accounts.forms import DisplayNameForm, MailForm, PasswordForm
from accounts.models import User
from accounts.notifying import mail_is_set_up


def fresh(request: HttpRequest) -> User:
    """As it is stored, so that a form that is refused leaves the page's own person alone."""
    return User.objects.get(pk=signed_in(request).pk)


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    form = DisplayNameForm(request.POST or None, instance=fresh(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Name saved.")
        return redirect("accounts:account")
    return _page(request, name_form=form)


@require_POST
def mail(request: HttpRequest) -> HttpResponse:
    form = MailForm(request.POST, instance=fresh(request))
    if form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("accounts:account")
    return _page(request, mail_form=form)


@sensitive_post_parameters()
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    """Changing it signs out every other browser, as it should when it may be known."""
    form = PasswordForm(signed_in(request), request.POST)
    if form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, "Password changed. Your other browsers are signed out.")
        return redirect("accounts:account")
    return _page(request, password_form=form)


def _page(request: HttpRequest, **refused: Any) -> HttpResponse:
    """The forms as they are stored, but for one that was refused."""
    user = fresh(request)
    context = {
        "name_form": DisplayNameForm(instance=user),
        "mail_form": MailForm(instance=user),
        "password_form": PasswordForm(user),
        "mail": mail_is_set_up(),
        **refused,
    }
    return render(request, "accounts/account.html", context)
