"""What one was told about one's long work, and whether one has read it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import signed_in
from accounts.models import Notification
from accounts.notifying import mail_is_set_up

PER_PAGE = 30


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    mine = Notification.objects.of(signed_in(request))
    only_unread = request.GET.get("show") == "unread"
    found = mine.unread() if only_unread else mine
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "only_unread": only_unread,
        "unread": mine.unread().count(),
        "mail": mail_is_set_up(),
    }
    return render(request, "accounts/notifications/page.html", context)


@require_safe
def opened(request: HttpRequest, pk: int) -> HttpResponse:
    """On to the thing itself. Whoever goes there has read it; a second time changes nothing."""
    told = get_object_or_404(Notification.objects.of(signed_in(request)), pk=pk)
    Notification.objects.filter(pk=told.pk).read()
    return redirect(told.url)


@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    told = get_object_or_404(Notification.objects.of(signed_in(request)), pk=pk)
    told.read_at = None if request.POST.get("unread") else timezone.now()
    told.save(update_fields=["read_at"])
    return _back(request)


@require_POST
def mark_all(request: HttpRequest) -> HttpResponse:
    if Notification.objects.of(signed_in(request)).read():
        messages.success(request, "All marked as read.")
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the list as it was narrowed."""
    narrowed = "?show=unread" if request.POST.get("show") == "unread" else ""
    response = redirect("notifications:list")
    response["Location"] += narrowed
    return response
