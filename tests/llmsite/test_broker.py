"""The embedded broker's folders: what is torn is passed over, what does not fit leaves nothing."""

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu.exceptions import ChannelError
from kombu.simple import SimpleQueue

from llmsite import celery
from tests.limits import in_a_process

QUEUE = "celery"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "processed").mkdir()
    return tmp_path


@pytest.fixture
def queue(folder: Path) -> Iterator[SimpleQueue]:
    """As the first process of the app finds it, in folders of the test."""
    places: dict[str, Any] = {"data_folder_in": str(folder), "data_folder_out": str(folder)}
    places |= {"processed_folder": str(folder / "processed"), "store_processed": True}
    places["control_folder"] = str(folder / "control")
    with celery.app.connection_for_write("filesystem://", transport_options=places) as connection:
        connection.transport.state.clear()
        with connection.SimpleQueue(QUEUE) as found:
            yield found


def messages(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def test_a_torn_message_keeps_nobody_from_the_next(folder: Path, queue: SimpleQueue) -> None:
    (folder / f"1_torn.{QUEUE}.msg").write_bytes(b"")
    (folder / f"2_torn.{QUEUE}.msg").write_bytes(b'{"body": "gAJ9')
    (folder / f".3_half.{QUEUE}.msg").write_bytes(b"{")
    queue.put({"look": "after runs"})
    assert queue.get(timeout=20).payload == {"look": "after runs"}
    with pytest.raises(queue.Empty):
        queue.get(timeout=0.1)


def test_a_full_disk_leaves_no_half_message(folder: Path, queue: SimpleQueue) -> None:
    def without_room() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
        try:
            queue.put({"look": "after runs"})
        except ChannelError as error:
            return 7 if str(error).startswith("A message for celery could not be kept") else 1
        return 0

    assert in_a_process(without_room) == 7
    assert messages(folder) == []


def test_a_torn_table_of_queues_is_made_anew(folder: Path, queue: SimpleQueue) -> None:
    (table,) = (folder / "control").iterdir()
    whole = table.read_bytes()
    table.write_bytes(b"")
    queue.channel.connection.state.clear()
    again = queue.channel.connection.client.SimpleQueue(QUEUE)
    again.put("here")
    assert again.get(timeout=20).payload == "here"
    assert table.read_bytes() == whole
