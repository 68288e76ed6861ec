"""Models in Django's admin to look things up in, one call a model.

Rows there are read only: their changes belong to services, which keep disk, engine and queue in
step. What is done there nevertheless is written down in the audit log as well.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.models import Invitation, User
from accounts.recording import Kind, Verb, record

KINDS: dict[type[Model], str] = {User: Kind.PERSON, Invitation: Kind.INVITATION}


class Recorded(admin.ModelAdmin):
    """Django's own log names no person for good and can be changed; ours does and can't."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(Verb.MADE, obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(Verb.CHANGED, obj, fields=fields_of(message))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            _record(Verb.REMOVED, obj)
        return super().log_deletions(request, queryset)


def fields_of(message: Any) -> list[str]:
    """The names of the fields in Django's account of what was changed."""
    told = message if isinstance(message, list) else []
    return [str(name) for part in told for name in part.get("changed", {}).get("fields", [])]


def _record(verb: str, obj: Model, **details: Any) -> None:
    kind = KINDS.get(type(obj), Kind.ROW)
    label = str(obj._meta.verbose_name)
    record(verb=verb, kind=kind, name=str(obj), thing=obj.pk, row=label, by_admin=True, **details)


class ToRead(Recorded):
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ToList(ToRead):
    """Rows with people's own words: who has how many and since when, and no more."""

    list_display_links = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)


def look_up(
    model: type[Model],
    columns: str,
    *,
    filters: str = "",
    search: str = "",
    related: str = "",
    hidden: Sequence[str] = (),
    private: bool = False,
) -> None:
    """File a model: its columns, filters, searched fields and joined rows as words. `hidden` are
    fields that nobody is shown; `private` rows are only listed."""
    shown = {
        "list_display": columns.split(),
        "list_filter": filters.split(),
        "search_fields": search.split(),
        "list_select_related": related.split(),
        "exclude": list(hidden),
    }
    base = ToList if private else ToRead
    admin.site.register(model, type(f"{model.__name__}Admin", (base,), shown))


JOB = "state attempt started_at ended_at"
