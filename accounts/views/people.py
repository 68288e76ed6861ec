"""The people page: who is here, what they may do, and invitations. For admins."""

from typing import Any

from django.contrib import messages
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import services
from accounts.access import ADMIN, in_group, signed_in
from accounts.forms import RIGHTS, GroupsForm, InvitationForm
from accounts.models import Invitation, User


def _page(request: HttpRequest, form: InvitationForm, **more: Any) -> HttpResponse:
    context = {
        "people": User.objects.prefetch_related("groups").order_by("-is_active", Lower("username")),
        "invitations": Invitation.objects.open().prefetch_related("groups"),
        "rights": RIGHTS,
        "form": form,
        **more,
    }
    return render(request, "accounts/people.html", context)


@require_safe
@in_group(ADMIN)
def people(request: HttpRequest) -> HttpResponse:
    return _page(request, InvitationForm())


@require_POST
@in_group(ADMIN)
def invite(request: HttpRequest) -> HttpResponse:
    """Answers with the page itself, not a redirect: the link is shown once and kept nowhere."""
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    _, token = services.create_invitation(created_by=signed_in(request), **form.cleaned_data)
    link = request.build_absolute_uri(reverse("accounts:join", args=[token]))
    return _page(request, InvitationForm(), link=link)


@require_POST
@in_group(ADMIN)
def password_link(request: HttpRequest, pk: int) -> HttpResponse:
    """A link with which someone who forgot their password sets a new one; shown once."""
    person = get_object_or_404(User, pk=pk, is_active=True)
    try:
        parts = services.password_link_parts(person=person, by=signed_in(request))
    except services.PeopleError as error:
        messages.error(request, str(error))
        return redirect("accounts:people")
    link = request.build_absolute_uri(reverse("accounts:new-password", kwargs=parts))
    return _page(request, InvitationForm(), password_link=link, person_of_link=person)


@require_POST
@in_group(ADMIN)
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk)
    try:
        services.revoke_invitation(invitation=invitation)
        messages.success(request, "Invitation revoked. Its link no longer works.")
    except services.PeopleError as error:
        messages.error(request, str(error))
    return redirect("accounts:people")


@require_POST
@in_group(ADMIN)
def groups(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    form = GroupsForm(request.POST)
    try:
        if not form.is_valid():
            raise services.PeopleError("Choose among the groups on the page.")
        chosen = form.cleaned_data["groups"]
        services.set_groups(person=person, groups=chosen, by=signed_in(request))
        messages.success(request, f"Saved what {person.display_name} may do.")
    except services.PeopleError as error:
        messages.error(request, str(error))
    return redirect("accounts:people")


def _set_active(request: HttpRequest, pk: int, *, active: bool) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    other = "accounts:deactivate" if active else "accounts:reactivate"
    state = "can sign in again" if active else "can no longer sign in"
    try:
        services.set_active(person=person, active=active, by=signed_in(request))
        undo = f"undo={reverse(other, args=[pk])}"
        messages.success(request, f"{person.display_name} {state}.", extra_tags=undo)
    except services.PeopleError as error:
        messages.error(request, str(error))
    return redirect("accounts:people")


@require_POST
@in_group(ADMIN)
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return _set_active(request, pk, active=False)


@require_POST
@in_group(ADMIN)
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return _set_active(request, pk, active=True)
