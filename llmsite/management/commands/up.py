"""`manage.py up`: the whole app on this machine, under one supervisor."""

import asyncio
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from llmsite import children, preflight
from llmsite.supervisor import Supervisor
from training import engine_here


class Command(BaseCommand):
    help = "Start web, engine and worker, and keep them running until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        address = preflight.browser_address(settings.HOST, settings.PORT)
        os.chdir(settings.BASE_DIR)
        try:
            preflight.require_data_dir(settings.DATA_DIR)
            lock = preflight.take_lock(settings.DATA_DIR, address)
            _require_ports()
            _require_migrations()
        except preflight.StartError as error:
            raise SystemExit(str(error)) from error
        ready = f"Ready. Open {address} in a browser. Ctrl-C stops everything."
        with lock:
            code = asyncio.run(Supervisor(children.wanted(), ready_text=ready).run())
        raise SystemExit(code)


def _require_ports() -> None:
    preflight.require_port(settings.HOST, settings.PORT, "PORT")
    if engine_here.is_wanted():
        preflight.require_port("127.0.0.1", settings.ENGINE_PORT, "ENGINE_PORT")


def _require_migrations() -> None:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        raise preflight.StartError(
            f"The database does not answer ({reason}). Check DATABASE_URL."
        ) from error
    finally:
        connection.close()
    if pending:
        raise preflight.StartError("The database is not up to date. Run: python manage.py migrate")
