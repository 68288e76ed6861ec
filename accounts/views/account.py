"""One's own account."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import signed_in
from accounts.forms import DisplayNameForm, PasswordForm
from accounts.models import User


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = DisplayNameForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Name saved.")
        return redirect("accounts:account")
    return _page(request, form, PasswordForm(user))


@sensitive_post_parameters()
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    """Changing it signs out every other browser, as it should when it may be known."""
    user = signed_in(request)
    form = PasswordForm(user, request.POST)
    if form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, "Password changed. Your other browsers are signed out.")
        return redirect("accounts:account")
    return _page(request, DisplayNameForm(instance=user), form)


def _page(
    request: HttpRequest, name_form: DisplayNameForm, password_form: PasswordForm
) -> HttpResponse:
    context = {"name_form": name_form, "password_form": password_form}
    return render(request, "accounts/account.html", context)
