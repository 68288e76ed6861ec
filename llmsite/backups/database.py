"""The database as one file: SQLite by its own copying, PostgreSQL by pg_dump and pg_restore."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from llmsite.backups.shape import BackupError

CONNECTION = {"NAME": "PGDATABASE", "USER": "PGUSER", "HOST": "PGHOST", "PORT": "PGPORT"}
WITHOUT_OWNERS = ["--no-owner", "--no-privileges"]


def own() -> dict[str, Any]:
    found: dict[str, Any] = settings.DATABASES["default"]
    return found


def dump(target: Path) -> None:
    """As of one moment, while the app goes on writing."""
    if connection.vendor == "postgresql":
        _run("pg_dump", ["--format=custom", *WITHOUT_OWNERS, "--file", str(target)])
        return
    with closing(sqlite3.connect(own()["NAME"])) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=1000)


def load(source: Path) -> None:
    """Into an empty database."""
    connection.close()
    if connection.vendor == "postgresql":
        name = ["--dbname", str(own()["NAME"])]
        _run("pg_restore", [*WITHOUT_OWNERS, "--exit-on-error", *name, str(source)])
        return
    target = Path(own()["NAME"])
    for companion in ("-wal", "-shm"):
        target.with_name(target.name + companion).unlink(missing_ok=True)
    source.replace(target)


def is_empty() -> bool:
    with connection.cursor() as cursor:
        return not connection.introspection.table_names(cursor)


def migrations() -> dict[str, str]:
    """The newest migration of each room."""
    done = MigrationRecorder(connection).applied_migrations()
    return dict(sorted(done))


def _run(program: str, arguments: list[str]) -> None:
    path = shutil.which(program)
    if path is None:
        raise BackupError(f"{program} is missing. Install PostgreSQL's client programs.")
    given = {ours: str(own()[name]) for name, ours in CONNECTION.items() if own().get(name)}
    given |= {"PGPASSWORD": own()["PASSWORD"]} if own().get("PASSWORD") else {}
    done = subprocess.run(
        [path, *arguments], env={**os.environ, **given}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BackupError(f"{program} failed: {last}")
