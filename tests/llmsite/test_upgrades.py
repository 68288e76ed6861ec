"""A database as an earlier release left it: its rows are all there after `migrate`.

`upgrades/` holds one dump per release, of a site that had rehearsed the loop once with a tiny model
and in which somebody had chatted: SQLite's own statements, packed.
"""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests import prepared
from tests.running_site import DATABASE, RunningSite

RELEASES = sorted((Path(__file__).parent / "upgrades").glob("*.sql.gz"))
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


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name.removesuffix(".sql.gz"))
def test_an_earlier_releases_rows_are_all_there_after_migrating(
    release: Path, tmp_path: Path
) -> None:
    site, file = RunningSite(tmp_path, settings={"DATABASE_URL": ""}), tmp_path / DATABASE
    with closing(sqlite3.connect(file)) as database:
        database.executescript(gzip.decompress(release.read_bytes()).decode())
    before = counts(file)
    prepared.run(prepared.MIGRATE, prepared.LIBRARY, **site.environment())
    after = counts(file)
    assert {table: after.get(table) for table in before} == before
    assert shape(file) == shape(prepared.tables())
    branch, key = site.python("-c", SEEN).splitlines()
    assert branch == "['Where do foxes sleep? 🦊', 'Under a tree.'] Foxes é ada"
    assert key == "notebook 32"
