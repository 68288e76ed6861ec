"""Many requests in one event loop, as in a web process: what a loop keeps is made once."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async


def in_one_loop(act: Callable[..., Any], *args: Any) -> Any:
    """`act` goes on in this thread; whatever it awaits by `async_to_sync` runs in the one loop."""
    return async_to_sync(sync_to_async(act))(*args)
