"""What every site begins with, made once per run for all worker processes: tables and files.

A migration of all rooms takes 20 seconds of processor time; a copy of its outcome takes none.
"""

import atexit
import fcntl
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "LLMSITE_PREPARED"  # the environment's name for where it lies, set by the first process
TABLES, SITE = "prepared_tables", "prepared_site"
PROGRAM = """
import sys, django; django.setup()
from django.core.management import call_command
from django.db import connection
for command in sys.argv[1:]:
    call_command(command, verbosity=0, **({"interactive": False} if "static" in command else {}))
connection.close()
"""
MIGRATE, LIBRARY, COLLECT = "migrate", "sync_prompt_library", "collectstatic"
ready: set[str] = set()  # databases made here for sites, so that they need no migration


def share_folder() -> Path:
    """The folder of this process and of those that it starts."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="llmsite-prepared-")
        atexit.register(shutil.rmtree, os.environ[FOLDER], ignore_errors=True)
    return Path(os.environ[FOLDER])


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """A folder below the shared one, while no other process makes something in it."""
    folder = share_folder() / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@functools.cache
def tables() -> Path:
    """An SQLite file with all tables and nothing of ours in them."""
    with alone(TABLES) as folder:
        return made(folder, folder / "db.sqlite3", MIGRATE)


@functools.cache
def site_folder() -> Path:
    """A DATA_DIR with a migrated SQLite file, the shipped prompts and packed static files."""
    with alone(SITE) as folder:
        if not (folder / "db.sqlite3").exists():
            shutil.copy(tables(), folder)
        return made(folder, folder, LIBRARY, COLLECT)


def made(folder: Path, wanted: Path, *commands: str) -> Path:
    done = folder / "done"
    if not done.exists():
        run(*commands, DATA_DIR=str(folder), DATABASE_URL="")
        done.touch()
    return wanted


def run(*commands: str, **settings: str) -> None:
    settings["DJANGO_SETTINGS_MODULE"] = "llmsite.settings"
    environment = {**os.environ, **settings}
    program = [sys.executable, "-c", PROGRAM, *commands]
    subprocess.run(program, cwd=ROOT, env=environment, check=True)


def new_database(server: str, name: str) -> str:
    """The address of a new database on that PostgreSQL, with what a site begins with."""
    create(server, name, template(server, SITE))
    ready.add(beside(server, name))
    return beside(server, name)


def template(server: str, name: str = TABLES) -> str:
    """The name of the database there from which others are made; that of `SITE` has the prompts."""
    with alone(name):
        if not is_there(server, name):
            half, command = f"{name}_half", LIBRARY if name == SITE else MIGRATE
            create(server, half, template(server) if name == SITE else "template0")
            run(command, DATA_DIR=str(share_folder() / name), DATABASE_URL=beside(server, half))
            rename(server, half, name)
    return name


def is_there(server: str, name: str) -> bool:
    with psycopg.connect(server) as connection:
        asked = "SELECT 1 FROM pg_database WHERE datname = %s"
        return connection.execute(asked, [name]).fetchone() is not None


def create(server: str, name: str, origin: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(origin)))


def rename(server: str, old: str, new: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        connection.execute(statement.format(sql.Identifier(old), sql.Identifier(new)))


def beside(server: str, name: str) -> str:
    return f"{server.rpartition('/')[0]}/{name}"
