"""Model servers elsewhere: adding, checking, switching off, forgetting."""

import logging
import re
import threading
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.recording import Verb
from llmkit.remote import Probe, RemoteClient
from llmkit.types import EngineError
from training.models import Endpoint
from training.models.endpoint import CHECK_EVERY
from training.services import recorded
from training.services.addresses import checked_url
from training.services.errors import ModelsError
from training.signals import endpoints_changed

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
CHECK_SECONDS = 10.0
LONGEST_KEY = 500
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What someone typed about an endpoint; no `api_key` leaves the one that is stored."""

    name: str
    url: str
    api_key: str = ""

    def checked(self) -> "Wanted":
        if not NAME.fullmatch(self.name):
            raise ModelsError(
                "A name has letters, digits and . _ - and begins with a letter or digit."
            )
        key = self.api_key.strip()
        if len(key) > LONGEST_KEY or not key.isascii() or not (key.isprintable() or not key):
            raise ModelsError("This key has characters that no key has. Copy it again.")
        return Wanted(self.name, checked_url(self.url), key)


def add(*, wanted: Wanted, by: User) -> Endpoint:
    """A new endpoint, checked at once. One that fails its check is kept, and says why."""
    fields = wanted.checked()
    try:
        with transaction.atomic():
            endpoint = Endpoint.objects.create(
                name=fields.name, url=fields.url, api_key=fields.api_key, added_by=by
            )
            recorded.of_endpoint(Verb.MADE, endpoint, by=by)
    except IntegrityError as error:
        raise ModelsError(f"There is an endpoint called {fields.name} already.") from error
    check(endpoint=endpoint)
    return endpoint


def change(*, endpoint: Endpoint, wanted: Wanted) -> None:
    fields = wanted.checked()
    # A key goes only to the address that it was entered for.
    moved = fields.url != endpoint.url
    if moved and endpoint.api_key and not fields.api_key:
        raise ModelsError("Enter the key again: the stored one belongs to the old address.")
    keyed = bool(fields.api_key) and fields.api_key != endpoint.api_key
    before = endpoint.url if moved else None
    endpoint.name, endpoint.url = fields.name, fields.url
    endpoint.api_key = fields.api_key or endpoint.api_key
    try:
        with transaction.atomic():
            endpoint.save(update_fields=["name", "url", "api_key", "changed_at"])
            recorded.of_endpoint(Verb.CHANGED, endpoint, before=before, new_key=keyed or None)
    except IntegrityError as error:
        raise ModelsError(f"There is an endpoint called {fields.name} already.") from error
    check(endpoint=endpoint)


def set_enabled(*, endpoint: Endpoint, enabled: bool) -> None:
    endpoint.enabled = enabled
    verb = Verb.SWITCHED_ON if enabled else Verb.SWITCHED_OFF
    with transaction.atomic():
        endpoint.save(update_fields=["enabled", "changed_at"])
        recorded.of_endpoint(verb, endpoint)
    endpoints_changed.send(Endpoint)
    if enabled:
        check(endpoint=endpoint)


def delete(*, endpoint: Endpoint) -> None:
    with transaction.atomic():
        recorded.of_endpoint(Verb.REMOVED, endpoint)
        endpoint.delete()
    endpoints_changed.send(Endpoint)


def check(*, endpoint: Endpoint) -> None:
    """Ask it for its models now, and store what came of it."""
    try:
        facts = _found(async_to_sync(_probe)(endpoint))
    except EngineError as error:
        facts = {"healthy": False, "error": str(error)}
    # The address may have been changed meanwhile; then this says nothing about the new one.
    same = Endpoint.objects.filter(pk=endpoint.pk, url=endpoint.url, api_key=endpoint.api_key)
    same.update(last_checked_at=timezone.now(), changed_at=timezone.now(), **facts)
    endpoint.refresh_from_db()
    endpoints_changed.send(Endpoint)


def _found(probe: Probe) -> dict[str, object]:
    return {
        "healthy": True,
        "error": "" if probe.models else "It answers, but lists no models.",
        "models": probe.models,
        "extensions": probe.extensions,
    }


async def _probe(endpoint: Endpoint) -> Probe:
    client = RemoteClient(
        endpoint.url, name=endpoint.name, api_key=endpoint.api_key or None, silence=CHECK_SECONDS
    )
    try:
        return await client.probe()
    finally:
        await client.aclose()


def claim_due() -> list[Endpoint]:
    """Endpoints whose check is due and that nobody else is about to check."""
    now = timezone.now()
    due = Endpoint.objects.due()
    return [e for e in due if due.filter(pk=e.pk).update(last_checked_at=now)]


def check_due() -> None:
    """Check in a thread what has not been checked for a minute; returns at once.

    Whoever looks asks for it, so nothing is checked while nobody is there.
    """
    claimed = claim_due()
    if claimed:
        threading.Thread(target=_check_all, args=(claimed,), daemon=True).start()


def _check_all(claimed: list[Endpoint]) -> None:
    try:
        for endpoint in claimed:
            check(endpoint=endpoint)
    except Exception:
        log.exception("Checking endpoints failed; it is tried again in %s", CHECK_EVERY)
    finally:
        connection.close()
