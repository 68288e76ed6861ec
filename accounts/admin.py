"""Django's own admin, for the owner and other superusers: looking things up, and people's rights.

Admins do their daily work on the people page. Signing in happens on the site's own page, where
guessing is throttled; to someone signed in who may not enter, the admin does not exist.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as auth
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

from accounts.looking_up import Recorded, look_up
from accounts.models import Change, Invitation, Notification, User


@login_not_required
def sign_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(request.GET.get("next", "/admin/"))


admin.site.login = sign_in  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "llmsite"
admin.site.index_title = "Everything stored"


@admin.register(User)
class PersonAdmin(Recorded, auth.UserAdmin):
    list_display = ("username", "first_name", "is_owner", "is_active", "last_login")
    list_filter = ("is_active", "is_staff", "groups", "last_login")
    search_fields = ("username", "first_name")
    readonly_fields = ("is_owner", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "email", "mails")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "is_owner", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are switched off; deleting one would take along what they made."""
        return False


class GroupAdmin(Recorded, auth.GroupAdmin):
    """The site's own groups are known by name: a right is given to people, not to groups."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False


admin.site.unregister(Group)
admin.site.register(Group, GroupAdmin)
look_up(
    Invitation,
    "note state created_by created_at expires_at used_by",
    filters="created_at used_at revoked_at",
    search="note created_by__username used_by__username",
    related="created_by used_by",
)
look_up(
    Notification,
    "person what name outcome created_at read_at mail_at mail_tries",
    filters="outcome what created_at",
    search="person__username name",
    related="person",
)
look_up(
    Change,
    "at who_name verb kind name told",
    filters="kind verb at",
    search="who_name name thing",
)
