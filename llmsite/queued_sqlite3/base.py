"""The connection. A transaction begins when its thread is at the front of the line."""

from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from llmsite.queued_sqlite3.line import Line, line_of

PATIENCE_SECONDS = 5.0
"""SQLite's own, where the settings name none."""

Django: Any = base.DatabaseWrapper


class DatabaseWrapper(Django):
    _line: Line | None = None

    def _start_transaction_under_autocommit(self) -> None:
        self._enter_line()
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._leave_line()
            raise

    def _commit(self) -> None:
        super()._commit()
        self._leave_line()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._leave_line()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._leave_line()

    def _enter_line(self) -> None:
        line = line_of(str(self.settings_dict["NAME"]))
        seconds: Any = self.settings_dict["OPTIONS"].get("timeout", PATIENCE_SECONDS)
        if not line.enter(seconds):
            raise OperationalError("database is locked")
        self._line = line

    def _leave_line(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.leave()
