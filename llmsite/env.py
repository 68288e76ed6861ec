"""The environment, parsed strictly: a wrong value stops the start with one sentence."""

import os
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, validate

env = Env(prefix="")
POOL_SECONDS = 10
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}

SQLITE_OPTIONS = {
    # SQLite lets whoever asks next write, not whoever waits longest: when hundreds come at once,
    # the unlucky ones wait for tens of seconds, and better so than to be refused.
    "timeout": 45,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
    # Every thread keeps a connection: 2 MB of pages each, SQLite's default, would be 64 MB in all.
    "PRAGMA cache_size=-512;",
}


def read(kind: str, name: str, default: Any, **kwargs: Any) -> Any:
    """One variable by environs' parser `kind`; an empty value means the default."""
    if os.environ.get(name) == "":
        return default
    try:
        return getattr(env, kind)(name, default, **kwargs)
    except EnvError as error:
        reason = " ".join(getattr(error, "error_messages", None) or [str(error)]).rstrip(".")
        raise ImproperlyConfigured(f"{name}: {reason}. See .env.example.") from error


def integer(name: str, default: int, *, low: int, high: int) -> int:
    value: int = read("int", name, default, validate=validate.Range(min=low, max=high))
    return value


def one_of(name: str, choices: list[str]) -> str:
    """One of the words; the first is the default."""
    value: str = read("str", name, choices[0], validate=validate.OneOf(choices))
    return value


def size(name: str, default: str) -> int:
    """Bytes, given as a number with an optional MB or GB behind it."""
    text: str = read("str", name, default)
    found = re.fullmatch(r"(\d{1,15})\s*(|k|M|G|T)B?", text.strip())
    if found is None:
        raise ImproperlyConfigured(f"{name}: give a size such as 500MB or 20GB. See .env.example.")
    return int(found[1]) * UNITS[found[2]]


def data_dir(default: Path) -> Path:
    """DATA_DIR, made if it is missing; everything that the app writes lives under it."""
    folder = Path(read("str", "DATA_DIR", str(default))).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR: cannot make {folder} ({error.strerror}). "
            "Make its parent writable or set DATA_DIR to another folder."
        ) from error
    return folder


def urls(name: str, default: list[str]) -> list[str]:
    """A comma-separated list of http(s) addresses, without trailing slashes."""
    values: list[str] = read("list", name, default)
    for value in values:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ImproperlyConfigured(
                f"{name}: {value!r} is not an http:// or https:// address. See .env.example."
            )
    return [value.rstrip("/") for value in values]


def database(data_dir: Path) -> dict[str, Any]:
    """DATABASE_URL: sqlite:///PATH or postgres://USER:PASSWORD@HOST:PORT/NAME."""
    url = read("str", "DATABASE_URL", f"sqlite:///{data_dir / 'db.sqlite3'}")
    if urlsplit(url).scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must start with sqlite:/// or postgres://. See .env.example."
        )
    config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60))
    config["CONN_HEALTH_CHECKS"] = True
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = SQLITE_OPTIONS
        config["TEST"] = {"NAME": str(data_dir / "test.sqlite3")}
    return config


def pool(config: dict[str, Any], *, most: int) -> None:
    """Let the threads of a process share at most so many connections to PostgreSQL.

    The web process answers each request in a thread of its own. Without a pool every thread leaves
    a connection behind for CONN_MAX_AGE, and a crowd uses up all that the server gives.
    """
    if config["ENGINE"].endswith("postgresql"):
        shared = {"min_size": 1, "max_size": most, "timeout": POOL_SECONDS}
        config["OPTIONS"] = {**config.get("OPTIONS", {}), "pool": shared}
        config["CONN_MAX_AGE"] = 0


def secret_key(data_dir: Path) -> str:
    """SECRET_KEY, or one made at the first start and kept in DATA_DIR, readable by its owner."""
    given: str = read("str", "SECRET_KEY", "")
    path = data_dir / "secret_key"
    if given:
        return given
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(50))
    return path.read_text()


def _write_private(path: Path, text: str) -> None:
    """Write `path` readable by its owner only; an unwritable folder is told in a sentence."""
    try:
        path.touch(mode=0o600)
        path.write_text(text)
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR: cannot write {path} ({error.strerror}). "
            "Make the folder writable or set DATA_DIR to another folder."
        ) from error
