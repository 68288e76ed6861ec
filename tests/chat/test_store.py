"""The generation's row is the truth: what was shown is stored, and only its producer may write."""

import socket

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.models import Chunk, Conversation, Generation, Message
from chat.models.generation import SILENT_AFTER
from chat.streaming import reaper, store
from llmkit.identity import identity, is_dead
from tests.chat.conftest import begin, talk

pytestmark = pytest.mark.both


@pytest.fixture
def answer(conversation: Conversation) -> Message:
    return talk(conversation, "Tell me about foxes", "")[1]


def text_of(message: Message) -> str:
    return Message.objects.get(pk=message.pk).text


def test_bursts_are_folded_into_the_message_when_it_ends(answer: Message) -> None:
    generation = begin(answer)
    store.append(generation, 0, "A fox ")
    store.append(generation, 6, "sleeps. 🦊")
    assert store.finish(generation.pk, "done", finish_reason="stop", completion_tokens=4)
    assert text_of(answer) == "A fox sleeps. 🦊"
    assert not Chunk.objects.exists()
    ended = Generation.objects.get()
    assert (ended.state, ended.finish_reason, ended.completion_tokens) == ("done", "stop", 4)


def test_a_burst_stored_twice_after_a_lost_connection_stands_once(answer: Message) -> None:
    generation = begin(answer)
    store.append(generation, 0, "A fox")
    store.append(generation, 0, "A fox runs")
    store.finish(generation.pk, "done")
    assert text_of(answer) == "A fox runs"


def test_bursts_of_several_answers_are_stored_together_and_a_lost_one_takes_none_with_it(
    answer: Message,
) -> None:
    other = talk(answer.conversation, "And bees?", "")[1]
    reaped, alive = begin(answer), begin(other)
    store.finish(reaped.pk, "interrupted")
    came = [store.Burst(reaped, 0, "A fox"), store.Burst(alive, 0, "A bee")]
    lost, stored = store.append_each(came)
    assert isinstance(lost, store.LostError) and stored is None
    assert [chunk.text for chunk in Chunk.objects.all()] == ["A bee"]
    assert store.append_each([store.Burst(alive, 5, " hums", [7])]) == [None]
    store.finish(alive.pk, "done")
    assert (text_of(answer), text_of(other)) == ("", "A bee hums")


def test_a_snapshot_shows_everything_stored_so_far(answer: Message) -> None:
    generation = begin(answer)
    store.append(generation, 0, "A fox")
    found = store.snapshot(answer.pk, [answer.conversation_id])
    assert found == store.Snapshot(answer.pk, "A fox", "running", None, "", "Writing…", None)


def test_a_snapshot_of_another_conversation_shows_nothing(answer: Message) -> None:
    other = Conversation.objects.create(owner=answer.conversation.owner)
    assert store.snapshot(answer.pk, [other.pk]) is None


def test_a_continued_answer_keeps_what_it_had(answer: Message) -> None:
    Message.objects.filter(pk=answer.pk).update(text="A fox")
    answer.refresh_from_db()
    generation = begin(answer)
    store.append(generation, 5, " runs")
    assert store.snapshot(answer.pk, [answer.conversation_id]).text == "A fox runs"  # type: ignore[union-attr]
    store.finish(generation.pk, "stopped")
    assert text_of(answer) == "A fox runs"


def test_a_producer_that_was_reaped_can_write_no_more(answer: Message) -> None:
    generation = begin(answer)
    store.append(generation, 0, "A fox")
    store.finish(generation.pk, "interrupted")
    with pytest.raises(store.LostError):
        store.append(generation, 5, " runs")
    assert not store.finish(generation.pk, "done", producer=generation.producer)
    assert text_of(answer) == "A fox"
    assert Generation.objects.get().state == "interrupted"


def test_one_message_has_one_live_generation(answer: Message) -> None:
    begin(answer)
    with pytest.raises(IntegrityError), transaction.atomic():
        begin(answer)


def test_silence_is_reaped_and_the_text_kept(answer: Message) -> None:
    generation = begin(answer, producer="elsewhere:1:1.00")
    store.append(generation, 0, "A fox")
    assert reaper.reap() == []
    Generation.objects.update(heartbeat_at=timezone.now() - SILENT_AFTER * 2)
    assert [g.pk for g in reaper.reap()] == [generation.pk]
    assert (text_of(answer), Generation.objects.get().state) == ("A fox", "interrupted")


def test_a_dead_process_of_this_host_is_reaped_at_once(answer: Message) -> None:
    begin(answer, producer=f"{socket.gethostname()}:999999999:1.00")
    assert len(reaper.reap()) == 1


def test_a_process_that_took_a_dead_ones_number_does_not_keep_it_alive() -> None:
    host, pid, _ = identity().rsplit(":", 2)
    assert is_dead(f"{host}:{pid}:1.00")
    assert not is_dead(identity())


def test_a_heartbeat_says_whether_a_stop_was_asked_for(answer: Message) -> None:
    generation = begin(answer)
    assert not store.beat(generation)
    Generation.objects.update(cancel_requested=True)
    assert store.beat(generation, queue_position=3)
    assert Generation.objects.get().queue_position == 3
