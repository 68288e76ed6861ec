"""Keys in Django's admin: to look at, and to revoke. Their tokens are kept nowhere."""

from django.contrib import admin
from django.http import HttpRequest

from accounts.looking_up import ToRead
from api.models import ApiKey, ApiKeyQuerySet
from api.services import revoke_key


@admin.register(ApiKey)
class ApiKeyAdmin(ToRead):
    list_display = ("name", "owner", "begins", "state", "requests", "last_used_at", "expires_at")
    list_filter = ("revoked_at", "created_at")
    search_fields = ("name", "owner__username", "begins")
    list_select_related = ("owner",)
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: ApiKeyQuerySet) -> None:
        for key in queryset:
            revoke_key(key=key)
