"""Django's own admin, for the owner and other superusers: looking things up and repairs.

Admins do their daily work on the people page. Signing in happens on the site's own page, where
guessing is throttled; to someone signed in who may not enter, the admin does not exist.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import Invitation, User


@login_not_required
def sign_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(request.GET.get("next", "/admin/"))


admin.site.login = sign_in  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "llmsite"
admin.site.index_title = "Everything stored"


@admin.register(User)
class PersonAdmin(UserAdmin):
    list_display = ("username", "first_name", "is_owner", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name")
    readonly_fields = ("is_owner", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "is_owner", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are switched off; deleting one would take along what they made."""
        return False


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """To read only: a link is made on the people page, where its token is shown once."""

    list_display = ("note", "state", "created_by", "created_at", "expires_at", "used_by")
    search_fields = ("note",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False
