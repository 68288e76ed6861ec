"""A database as an earlier release left it: its rows are all there after `migrate`.

`upgrades/` holds a dump of each release for each database, of a site that had rehearsed the loop
once with a tiny model and in which somebody had chatted: the database's own statements, packed.
"""

import gzip
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests import prepared
from tests.running_site import DATABASE, RunningSite

UPGRADES = Path(__file__).parent / "upgrades"
SERVER = os.environ.get("DATABASE_URL", "")
OURS = ("accounts_", "api_", "chat_", "evaluation_", "feedback_", "lifecycle_", "training_")
SEEN = """
import django; django.setup()
from api.models import ApiKey
from chat.models import Conversation
from feedback.models import Annotation
from chat.thread import shown_branch
ada = Conversation.objects.get()
print([shown.message.text for shown in shown_branch(ada)], ada.title, ada.owner.username)
print(ApiKey.objects.get().name, Annotation.objects.exclude(tiers=[]).count())
"""
Rows = dict[str, list[tuple[object, ...]]]


def tables_of(database: sqlite3.Connection) -> list[str]:
    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return sorted(name for (name,) in found if name.startswith(OURS))


def shape(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Each table's columns by name, with type, whether null is allowed, and the key's place."""
    with closing(sqlite3.connect(file)) as database:
        return {
            table: sorted(
                row[1:4] + row[5:] for row in database.execute(f"PRAGMA table_info({table})")
            )
            for table in tables_of(database)
        }


def counts(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        return {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in tables_of(database)
        }


COLUMNS = """
SELECT table_name::text, column_name::text, data_type::text, is_nullable::text
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
"""


def shape_there(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as database:
        return [row for row in database.execute(COLUMNS) if str(row[0]).startswith(OURS)]


def counts_there(url: str) -> dict[str, int]:
    tables = sorted({str(row[0]) for row in shape_there(url)})
    with psycopg.connect(url) as database:
        asked = sql.SQL("SELECT count(*) FROM {}")
        return {
            table: database.execute(asked.format(sql.Identifier(table))).fetchall()[0][0]
            for table in tables
        }


def of(vendor: str) -> "pytest.MarkDecorator":
    releases = sorted(UPGRADES.glob(f"*.{vendor}.sql.gz"))
    names = [path.name.partition(f".{vendor}")[0] for path in releases]
    return pytest.mark.parametrize("release", releases, ids=names)


def statements(release: Path) -> str:
    return gzip.decompress(release.read_bytes()).decode()


def upgraded(site: RunningSite) -> None:
    """Migrated, and read by the code of today."""
    prepared.run(prepared.MIGRATE, prepared.LIBRARY, **site.environment())
    branch, key = site.python("-c", SEEN).splitlines()
    assert branch == "['Where do foxes sleep? 🦊', 'Under a tree.'] Foxes é ada"
    assert key == "notebook 32"


@of("sqlite")
def test_an_earlier_releases_rows_are_all_there_after_migrating(
    release: Path, tmp_path: Path
) -> None:
    site, file = RunningSite(tmp_path, settings={"DATABASE_URL": ""}), tmp_path / DATABASE
    with closing(sqlite3.connect(file)) as database:
        database.executescript(statements(release))
    before = counts(file)
    upgraded(site)
    after = counts(file)
    assert {table: after.get(table) for table in before} == before
    assert shape(file) == shape(prepared.tables())


@pytest.mark.both
@pytest.mark.skipif(not SERVER.startswith("postgres"), reason="the tests run on SQLite")
@of("postgresql")
def test_the_same_on_postgresql(release: Path, tmp_path: Path) -> None:
    name = f"upgrade_{uuid4().hex}"
    prepared.create(SERVER, name, "template0")
    url = prepared.beside(SERVER, name)
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(statements(release).encode())
    before = counts_there(url)
    upgraded(RunningSite(tmp_path, settings={"DATABASE_URL": url}))
    after = counts_there(url)
    assert {table: after.get(table) for table in before} == before
    fresh = prepared.beside(SERVER, prepared.template(SERVER))
    assert shape_there(url) == shape_there(fresh)
