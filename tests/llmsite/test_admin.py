"""Django's admin knows every model, and its pages cost as much with many rows as with few."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import results
from django.contrib.auth.models import Group
from django.db import connection, models
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.looking_up import ToList, ToRead
from accounts.models import Change, User
from api.models import ApiKey
from tests.any_row import AnyRows
from training.models import Endpoint

# Models that are not filed, with the reason.
LEFT_OUT: dict[str, str] = {}
OWN = {"accounts", "api", "chat", "evaluation", "feedback", "lifecycle", "llmsite", "training"}
MANY, MOST_QUERIES = 8, 7
REGISTERED = sorted(admin.site._registry.items(), key=lambda each: each[0]._meta.label)


def own_models() -> list[Any]:
    from django.apps import apps

    return [each for each in apps.get_models() if each._meta.app_label in OWN]


def test_every_model_is_there_or_left_out_for_a_reason() -> None:
    missing = {each._meta.label for each in own_models() if not admin.site.is_registered(each)}
    assert missing == set(LEFT_OUT)


def test_its_pages_open_and_their_queries_do_not_grow_with_the_rows(
    owner: User, signed_in: Callable[[User], Client]
) -> None:
    """With so many rows each, one query a row would be more than are allowed."""
    client, rows = signed_in(owner), AnyRows()
    made = {model: [rows.of(model) for _ in range(MANY)] for model in own_models()}
    asking = RequestFactory().get("/admin/")
    asking.user = owner
    for model, page in REGISTERED:
        listed(asking, page)
        if model in made:
            opened(client, page, made[model][0])


def listed(asking: HttpRequest, page: Any) -> None:
    """Every cell of its list, and whether what it can be searched by is there."""
    with CaptureQueriesContext(connection) as asked:
        shown = page.changelist_view(asking)
        cells = list(results(shown.context_data["cl"]))
    assert shown.status_code == 200 and (cells or page.model not in own_models())
    assert len(asked) <= MOST_QUERIES, (page, [query["sql"] for query in asked])
    found, _ = page.get_search_results(asking, page.model._default_manager.all(), "1")
    assert found.count() >= 0


def opened(client: Client, page: Any, row: models.Model) -> None:
    """One row, and a form for a new one, where there are such pages."""
    place = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    listed_only = isinstance(page, ToList)
    one = client.get(reverse(f"{place}_change", args=[row.pk]))
    assert one.status_code == (403 if listed_only else 200), row
    if not isinstance(page, ToRead):
        assert client.get(reverse(f"{place}_add")).status_code == 200, row


def test_nothing_secret_is_shown(owner: User, signed_in: Callable[[User], Client]) -> None:
    """In a list either, which is drawn here."""
    client = signed_in(owner)
    endpoint = AnyRows().of(Endpoint, api_key="sk-very-secret")
    key = AnyRows().of(ApiKey)
    for place, row in (("training_endpoint", endpoint), ("api_apikey", key)):
        for name, which in (("change", [row.pk]), ("changelist", [])):
            page = client.get(reverse(f"admin:{place}_{name}", args=which)).content.decode()
            assert row.name in page
            assert "sk-very-secret" not in page and key.digest not in page


def test_what_is_changed_there_is_in_the_audit_log(
    owner: User, member: User, signed_in: Callable[[User], Client]
) -> None:
    client = signed_in(owner)
    groups = [Group.objects.get(name="admin").pk]
    sent = {"username": member.username, "groups": groups, "is_active": "on", "is_staff": "on"}
    assert client.post(f"/admin/accounts/user/{member.pk}/change/", sent).status_code == 302
    change = Change.objects.latest("id")
    assert (change.who, change.verb, change.name) == (owner, "changed", "member")
    assert change.details["by_admin"] and "Groups" in change.details["fields"]
    assert client.post(f"/admin/accounts/change/{change.pk}/delete/").status_code == 403
