"""Sending things to the site: what came of it, and whether anything is left of a refusal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from django.apps import apps
from django.contrib.messages import constants
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from tests.access.people import FORM, Person, Site, done_with
from tests.access.world import EVIL, World
from tests.properties import nasty
from tests.properties.sent import Forms

JSON = {"feedback:rank-draft", "feedback:rank-submit"}
# What a request may write although it refuses: that it was asked at all; what a server said.
NOTES = {"django_session", "axes_accessattempt", "axes_accessfailurelog", "axes_accesslog"}
SEEN = {"models:endpoint-check": {"training_endpoint"}}
TRIES = {"GET": 1, "POST": 2, "PUT": 2}
# By a script of the page, without a form.
FILES = {"chat:upload": ("file",)}
FILE_NAMES = (
    "a.jsonl",
    "a.json",
    "a.csv",
    "a.yaml",
    "a.txt",
    "a.pdf",
    "../a.parquet",
    "\x00",
    "é.gz",
)


@dataclass(frozen=True)
class Target:
    method: str
    called: str
    address: str
    person: Person
    names: Sequence[str]


class Trial:
    """One site with one thing of every kind, after which everything is as it was."""

    def __init__(self, world: World, folder: Path) -> None:
        self.site, self.forms, self.folder = Site(), Forms(), folder
        self.known = known_values(world)

    def first_fault(self, target: Target) -> str:
        @nasty.examples(TRIES[target.method])
        @given(st.integers(0, 2**32))
        def tried(number: int) -> None:
            random = Random(f"{target.method} {target.called} {number}")
            request, told = self.request_of(target, random)
            if fault := self.fault_of(request, target):
                about = f"{target.method} {target.address} ({target.called})"
                raise AssertionError(f"{about}: {fault}, of {told[:600]!r}")

        try:
            tried()
        except AssertionError as error:
            return str(error)
        return ""

    def request_of(self, target: Target, random: Random) -> tuple[HttpRequest, str]:
        """And what it carries, to be told."""
        factory, address = RequestFactory(), target.address
        if target.method == "PUT":
            piece = nasty.spoiled(random, b'{"a": 1}\n')
            return factory.put(address, piece, content_type="application/octet-stream"), str(piece)
        if target.called in JSON:
            body = nasty.json_body(random, target.names, self.known)
            return factory.post(address, body, content_type="application/json"), body
        whole = self.forms.pairs.get(address, [])
        pairs = nasty.form(random, target.names, self.known, whole)
        if target.method == "GET":
            return factory.get(f"{address}?{nasty.encoded(pairs)}"), nasty.encoded(pairs)
        if files := self.forms.files.get(address, FILES.get(target.called, ())):
            return self.with_files(address, pairs, sorted(files), random)
        body = nasty.encoded(pairs)
        return factory.post(address, body, content_type=FORM), body

    def with_files(
        self, address: str, pairs: nasty.Body, files: Sequence[str], random: Random
    ) -> tuple[HttpRequest, str]:
        sent: dict[str, Any] = {}
        for name, value in pairs:
            sent.setdefault(name, []).append(value.decode("utf-8", "replace"))
        for name in files:
            data = nasty.spoiled(random, random.choice(nasty.FILES))
            sent[name] = SimpleUploadedFile(random.choice(FILE_NAMES), data)
        return RequestFactory().post(address, sent), f"{sent}"

    def fault_of(self, request: HttpRequest, target: Target) -> str:
        """What is wrong with the answer, or nothing. What was changed by an act is taken back;
        looking may note what it found, such as a model's folder that is gone."""
        self.site.sign_in(request, target.person.user)
        if target.method == "GET":
            return self.fault_of_page(target, self.site.get_response(request))
        before, files = statements(), files_in(self.folder)
        with transaction.atomic():
            answer = self.site.get_response(request)
            refused = is_refusal(request, answer)
            suspect = refused and statements() != before
            after = rows() if suspect else {}
            transaction.set_rollback(True)
        if fault := self.fault_of_page(target, answer):
            return fault
        if refused and (left := files_in(self.folder) - files):
            return f"refused, but left {sorted(path.name for path in left)}"
        found = rows() if suspect else {}
        changed = {name for name in found if after[name] != found[name]}
        changed -= SEEN.get(target.called, set())
        return f"refused, but changed {sorted(changed)}" if changed else ""

    def fault_of_page(self, target: Target, answer: HttpResponseBase) -> str:
        done_with(answer)
        if answer.status_code >= 500:
            return "an error"
        if not answer.get("Content-Type", "").startswith("text/html"):
            return ""
        page = getattr(answer, "content", b"")
        self.forms.read(target.address, page)
        return "runs a script that somebody typed" if EVIL.encode() in page else ""


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def statements() -> int:
    """Counts up with every row that is written; what it tells elsewhere is that one may be."""
    raw: Any = connection.connection
    return int(raw.total_changes) if connection.vendor == "sqlite" else len(connection.queries_log)


def rows() -> dict[str, int]:
    models = [model for model in apps.get_models() if model._meta.managed]
    return {
        model._meta.db_table: hash(repr(list(model._base_manager.order_by("pk").values_list())))
        for model in models
        if model._meta.db_table not in NOTES
    }


def is_refusal(request: HttpRequest, answer: HttpResponseBase) -> bool:
    told = request._messages._queued_messages if hasattr(request, "_messages") else ()
    sentences = any(message.level >= constants.ERROR for message in told)
    return 400 <= answer.status_code < 500 or sentences


def known_values(world: World) -> list[str]:
    """Keys of things that there are, the maker's and others', in the order in which they were
    made, and words that mean something."""
    things = (*world.by_name.values(), *world.by_room.values())
    keys = [str(value) for values in things for value in values.values()]
    words = ["fox", "sft", "lora", "on", "yes", "helpful", "all", "train", "cola"]
    return list(dict.fromkeys([*keys, *words]))
