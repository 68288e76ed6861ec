"""SQLite in one process: who asks first to write, writes first."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction

from llmsite.queued_sqlite3.line import Line, line_of
from tests.processes import eventually


def own_line() -> Line:
    return line_of(str(connection.settings_dict["NAME"]))


def in_thread(act: Callable[[], Any]) -> threading.Thread:
    def acted() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=acted, daemon=True)
    thread.start()
    return thread


def wait_for(line: Line, so_many: int) -> None:
    eventually("they wait", lambda: len(line) == so_many)


def write(name: str) -> None:
    with transaction.atomic():
        Group.objects.create(name=name)


def test_the_line_goes_to_whoever_waits_longest() -> None:
    line = Line()
    got: list[int] = []

    def come(number: int) -> None:
        assert line.enter(20)
        got.append(number)
        line.leave()

    assert line.enter(0)
    threads = []
    for number in range(4):
        threads.append(threading.Thread(target=come, args=(number,), daemon=True))
        threads[-1].start()
        wait_for(line, number + 1)
    line.leave()
    for thread in threads:
        thread.join(20)
    assert got == [0, 1, 2, 3]
    assert line.enter(0)


def test_whoever_gives_up_is_passed_over() -> None:
    line = Line()
    assert line.enter(0)
    assert not line.enter(0.01)
    line.leave()
    assert line.enter(0)


@pytest.mark.django_db(transaction=True)
def test_threads_write_in_the_order_in_which_they_asked() -> None:
    names, threads = [f"group {number}" for number in range(5)], []
    with transaction.atomic():
        for number, name in enumerate(names):
            threads.append(in_thread(partial(write, name)))
            wait_for(own_line(), number + 1)
        Group.objects.create(name="first")
    for thread in threads:
        thread.join(20)
    kept = Group.objects.filter(name__in=["first", *names]).order_by("pk")
    assert list(kept.values_list("name", flat=True)) == ["first", *names]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_or_is_cut_off_gives_its_place_back() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Group.objects.create(name="never")
        raise ZeroDivisionError
    with transaction.atomic():
        connection.close()
        transaction.set_rollback(True)
    in_thread(lambda: write("kept")).join(20)
    assert Group.objects.filter(name="kept").exists()
    assert not Group.objects.filter(name="never").exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_too_long_is_told_as_sqlite_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {**connection.settings_dict["OPTIONS"], "timeout": 0.01}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(OperationalError) as refused:
            write("late")
        told.append(str(refused.value))

    with transaction.atomic():
        in_thread(ask).join(20)
    assert told == ["database is locked"]
