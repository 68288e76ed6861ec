"""The bridge to a client: it never holds the scheduler up, and a client that sleeps is let go."""

import threading

from llmkit.engine.answer import joined
from llmkit.engine.channel import EventChannel
from llmkit.engine.requests import Done, Position, RequestEvent, Text


async def test_events_of_another_thread_arrive_in_order() -> None:
    channel = EventChannel(lambda: None)
    sent: list[RequestEvent] = [Text(0, str(i)) for i in range(50)]

    def write() -> None:
        for event in sent:
            channel.put(event)

    writer = threading.Thread(target=write)
    writer.start()
    got: list[RequestEvent] = []
    while len(got) < len(sent):
        got += await channel.read(patience=30)
    assert got == sent


async def test_silence_is_an_empty_reading() -> None:
    assert await EventChannel(lambda: None).read(patience=0) == []


async def test_a_reader_that_leaves_too_much_unread_is_reported() -> None:
    overflows: list[bool] = []
    channel = EventChannel(lambda: overflows.append(True), limit=3)
    for _ in range(3):
        channel.put(Text(0, "x"))
    assert overflows == []
    channel.put(Text(0, "x"))
    assert overflows == [True]


def test_a_late_reader_gets_joined_texts_and_the_last_position() -> None:
    batch: list[RequestEvent] = [
        Position(2),
        Position(1),
        Text(0, "a"),
        Text(0, "b"),
        Text(1, "c"),
        Text(0, "d"),
        Done(0, "stop"),
    ]
    want = [Position(1), Text(0, "ab"), Text(1, "c"), Text(0, "d"), Done(0, "stop")]
    assert joined(batch) == want
