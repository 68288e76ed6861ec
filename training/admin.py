"""The registry in Django's admin: to look things up. Changes are made on the Models page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from training.models import Addition, Endpoint, ModelVersion


class ToRead(admin.ModelAdmin):
    """Rows whose changes belong to services, which keep disk and engine in step."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ModelVersion)
class ModelVersionAdmin(ToRead):
    list_display = ("name", "kind", "state", "source", "licence", "created_at")
    list_filter = ("state", "kind", "source")
    search_fields = ("name", "origin")


@admin.register(Addition)
class AdditionAdmin(ToRead):
    list_display = ("version", "state", "attempt", "source", "created_at", "ended_at")
    list_filter = ("state", "source")


@admin.register(Endpoint)
class EndpointAdmin(ToRead):
    """Without the key."""

    list_display = ("name", "url", "enabled", "healthy", "last_checked_at")
    exclude = ("api_key",)
