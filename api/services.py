"""Making and revoking keys."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.recording import Kind, Verb, record
from api.models import PREFIX, SHOWN, ApiKey, digest_of, expiry, new_token

MOST_KEYS = 50


class TooManyKeysError(ValueError):
    """The text may be shown to people."""


@transaction.atomic
def make_key(
    *, owner: User, name: str, scopes: list[str], days: int | None, per_minute: int
) -> tuple[ApiKey, str]:
    """A key and its token, which is kept nowhere."""
    if ApiKey.objects.of(owner).filter(revoked_at=None).count() >= MOST_KEYS:
        raise TooManyKeysError(f"You have {MOST_KEYS} keys. Revoke one first.")
    token = new_token()
    key = ApiKey.objects.create(
        owner=owner,
        name=name,
        begins=token[: len(PREFIX) + SHOWN],
        digest=digest_of(token),
        scopes=scopes,
        expires_at=expiry(days),
        per_minute=per_minute,
    )
    record(verb=Verb.MADE, kind=Kind.KEY, name=name, thing=key.pk, by=owner, scopes=scopes)
    return key, token


@transaction.atomic
def revoke_key(*, key: ApiKey) -> None:
    """From the next request on it opens nothing. A key that is revoked stays so."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()):
        whose = key.owner.username
        record(verb=Verb.WITHDRAWN, kind=Kind.KEY, name=key.name, thing=key.pk, owner=whose)
