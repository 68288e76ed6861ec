"""What a flushed database begins with, kept from the first time.

After every test with real transactions Django empties all tables and makes content types and
permissions anew, which takes a tenth of a second; putting back the same rows takes a tenth of that.
"""

from typing import Any

from django.core.management.commands import flush
from django.db.models import Model

made_anew: Any = vars(flush)["emit_post_migrate_signal"]
kept: list[list[Model]] = []


def put_back(verbosity: int, interactive: bool, db: str, **more: Any) -> None:
    from django.contrib.auth.models import Permission
    from django.contrib.contenttypes.models import ContentType

    if not kept:
        made_anew(verbosity, interactive, db, **more)
        kept.extend([list(ContentType.objects.all()), list(Permission.objects.all())])
        return
    for rows in kept:
        type(rows[0])._default_manager.using(db).bulk_create(rows)


def install() -> None:
    vars(flush)["emit_post_migrate_signal"] = put_back
