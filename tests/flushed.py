"""What a flushed database begins with, kept from the first time.

After every test with real transactions Django empties all tables and makes content types and
permissions anew, which takes a tenth of a second; putting back the same rows takes a tenth of that.
The groups, which a migration makes, Django forgets; they come back, too.
"""

from typing import Any

from django.core.management.commands import flush
from django.db.models import Model

made_anew: Any = vars(flush)["emit_post_migrate_signal"]
kept: list[list[Model]] = []


def put_back(verbosity: int, interactive: bool, db: str, **more: Any) -> None:
    from django.contrib.auth.models import Group, Permission
    from django.contrib.contenttypes.models import ContentType

    from accounts.access import GROUPS

    if not kept:
        made_anew(verbosity, interactive, db, **more)
        Group.objects.bulk_create(Group(name=name) for name in GROUPS)
        kept.extend(list(kind.objects.all()) for kind in (ContentType, Permission, Group))
        return
    for rows in kept:
        type(rows[0])._default_manager.using(db).bulk_create(rows)


def install() -> None:
    vars(flush)["emit_post_migrate_signal"] = put_back
