"""Everything into one file while rows are there, and back into an empty install, byte for byte."""

import hashlib
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from llmsite.backups import restoring
from llmsite.backups.shape import BackupError, Manifest
from tests import prepared
from tests.running_site import RunningSite

pytestmark = pytest.mark.both
MAKE = """
import django; django.setup()
from accounts import services
from chat.models import Conversation
owner = services.create_owner(username="ada", password="a long phrase of ada's")
Conversation.objects.create(owner=owner, title="Foxes é 🦊")
"""
COUNT = """
import django; django.setup()
from django.apps import apps
print({m._meta.label: sorted(map(str, m.objects.values_list("pk", flat=True)))
       for m in apps.get_models() if m._meta.managed and m._meta.label != "accounts.Change"})
from chat.models import Conversation
print(Conversation.objects.get().title, Conversation.objects.get().owner.password)
"""


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[list[str]]:
    """Of the kind that the tests run on: one as `prepare` leaves it, and an empty one."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield ["", ""]
        return
    first, second = (f"backup_{os.getpid()}_{n}" for n in (1, 2))
    prepared.create(url, second, "template0")
    yield [prepared.new_database(url, first), prepared.beside(url, second)]
    with psycopg.connect(url, autocommit=True) as server:
        for name in (first, second):
            server.execute(f'DROP DATABASE "{name}"')


def install(folder: Path, database: str) -> RunningSite:
    folder.mkdir()
    return RunningSite(folder, settings={"DATABASE_URL": database})


def hashes(folder: Path) -> dict[str, str]:
    """Of what a backup keeps beside the database."""
    found = [p for p in folder.rglob("*") if p.is_file() and p.name not in {"up.lock"}]
    kept = [p for p in found if "db.sqlite3" not in p.name and "static" not in p.parts]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in kept}


def refused(site: RunningSite, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, env=site.environment(), capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    return done.stderr


def test_everything_comes_back_into_an_empty_install(tmp_path: Path, databases: list[str]) -> None:
    first = install(tmp_path / "first", databases[0])
    first.prepare()
    first.python("-c", MAKE)
    weights = first.data_dir / "models" / "fox" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(os.urandom(300_000))
    run = first.data_dir / "runs" / "1" / "data.jsonl"
    run.parent.mkdir(parents=True)
    run.write_text("{}\n")
    (run.parent / "second-name.jsonl").hardlink_to(run)
    kept = tmp_path / "kept.tar"
    assert "files" in first.manage("backup", str(kept))
    assert kept.stat().st_mode & 0o077 == 0
    second = install(tmp_path / "second", databases[1])
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    assert "cut off" in refused(second, "restore", str(damaged))
    second.manage("restore", str(kept))
    assert hashes(second.data_dir) == hashes(first.data_dir)
    assert second.python("-c", COUNT) == first.python("-c", COUNT)
    assert "is in use already" in refused(second, "restore", str(kept))
    assert "is there already" in refused(second, "backup", str(kept))


def test_a_file_of_changed_bytes_or_evil_names_changes_nothing(tmp_path: Path) -> None:
    good = {"data/x": b"abc", "database": b"rows"}
    manifest = manifest_of(good)
    whole = packed(tmp_path / "whole.tar", good, manifest)
    assert restoring.unpack(whole, tmp_path / "a").files["data/x"][0] == 3
    evil = {
        "damaged": (good | {"data/x": b"abd"}, manifest),
        "no backup": (good | {"../x": b"abc"}, manifest),
        "put into this backup": (good | {"data/later": b"abc"}, manifest),
        "no database": ({"data/x": b"abc"}, manifest_of({"data/x": b"abc"})),
        "newer version": (good, manifest.replace(b'"shape": 1', b'"shape": 2')),
    }
    for why, (files, told) in evil.items():
        file = packed(tmp_path / f"{why}.tar", files, told)
        with pytest.raises(BackupError, match=why):
            restoring.unpack(file, tmp_path / file.stem)
    assert not (tmp_path / "x").exists()


def test_a_link_in_a_backup_is_refused(tmp_path: Path) -> None:
    good = {"data/x": b"abc", "database": b"rows"}
    file = packed(tmp_path / "linked.tar", good, manifest_of(good))
    with tarfile.open(file, "a") as tar:
        link = tarfile.TarInfo("data/y")
        link.type, link.linkname = tarfile.SYMTYPE, "x"
        tar.addfile(link)
    with pytest.raises(BackupError, match="data/y was put into this backup"):
        restoring.unpack(file, tmp_path / "unpacked")


def manifest_of(files: dict[str, bytes]) -> bytes:
    told = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    return Manifest("sqlite", "now", {}, True, files=told).as_bytes()


def packed(target: Path, files: dict[str, bytes], manifest: bytes) -> Path:
    with tarfile.open(target, "w") as tar:
        for name, content in {**files, "manifest.json": manifest}.items():
            source = target.parent / "piece"
            source.write_bytes(content)
            tar.add(source, arcname=name)
    return target
