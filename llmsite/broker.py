"""The embedded broker: kombu's folders, in which a message is there whole or not at all.

kombu opens a message's file where its readers look and then writes it. A reader that comes between,
a full disk and a killed process each make an empty message of that, and a worker ends itself over
one that it can't read. A lost message is no loss here: whatever waits is told of again.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Mapping[str, Any], **kwargs: Any) -> None:
        """Under a name that nobody reads until it is whole."""
        target = Path(self.data_folder_out, f"{monotonic() * 1000:.0f}_{uuid4()}.{queue}.msg")
        half = target.with_name(f".{target.name}")
        try:
            half.write_bytes(str_to_bytes(dumps(payload)))
            half.rename(target)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise ChannelError(f"A message for {queue} could not be kept: {error}") from error

    def _get(self, queue: str) -> Any:
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                log.warning("A message of %s is torn and left out.", queue)

    def _queue_bind(self, exchange: str, *about: Any) -> None:
        """A table of queues that is torn is made anew."""
        try:
            super()._queue_bind(exchange, *about)
        except ValueError:
            self._exchange_file(exchange).unlink(missing_ok=True)
            super()._queue_bind(exchange, *about)


class Transport(filesystem.Transport):
    Channel = Channel
