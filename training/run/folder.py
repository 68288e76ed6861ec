"""The paths of a run's folder, and the lock that lets one process at a time train in it."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.run.errors import RunError


class RunFolder:
    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).resolve()

    @property
    def config_file(self) -> Path:
        return self.path / "config.json"

    @property
    def events_file(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def artifact(self) -> Path:
        return self.path / "artifact"

    def read_config(self) -> dict[str, Any]:
        """RunError where there is none or it is not a JSON object."""
        try:
            found = json.loads(self.config_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"The run's config.json can't be read: {error}.") from error
        if not isinstance(found, dict):
            raise RunError("The run's config.json is not a JSON object.")
        return found

    def write_config(self, config: Mapping[str, Any]) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(self.config_file, json.dumps(config, indent=2, ensure_ascii=False) + "\n")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the only process that trains here; RunError where another one does.

        The lock is the system's, so it ends with the process that held it, however that ends.
        """
        with (self.path / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RunError("Another process is training this run already.") from error
            yield

    def remove_half_written(self) -> None:
        """Files that a process which was killed had not written whole. Only for who holds it."""
        for path in self.path.glob(".*.[0-9]*"):
            path.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """The file as it was or as it is meant to be, never a part of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
