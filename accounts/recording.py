"""Writing down what was changed, by whom: one row for each act, in the transaction of the act."""

from typing import Any

from accounts.acting import acting
from accounts.models import Change, User

Verb, Kind = Change.Verb, Change.Kind


def record(
    *,
    verb: str,
    kind: str,
    name: str,
    thing: object = "",
    by: User | None = None,
    **details: Any,
) -> Change:
    """`by` goes before whoever acts now; without either it was the shell or the app itself.
    `thing` is the key of what was changed. `details` are few, plain, and hold no secret."""
    who = by or acting()
    return Change.objects.create(
        who=who,
        who_name=who.username if who else "",
        verb=Verb(verb),
        kind=Kind(kind),
        thing=str(thing)[:64],
        name=name[:300],
        details={key: value for key, value in details.items() if value not in (None, "")},
    )
