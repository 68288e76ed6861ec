"""The queue and the batch: order, bounds, cancelling. Measured in steps, never in seconds."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from llmkit.engine.active import CANCEL_MEMORY_SECONDS, ActiveRequests
from llmkit.types import EngineError
from tests.llmkit.conftest import SchedulerMaker
from tests.llmkit.support import GREEDY, Asked, ask, ids_of, reference, run

if TYPE_CHECKING:
    from llmkit.engine.loading import LoadedModel

LONG = replace(GREEDY, max_tokens=200)


def test_a_cancelled_running_request_frees_its_slot_in_the_next_step(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless, max_running=1)
    running, next_one = ask(scheduler, "a", LONG), ask(scheduler, "b", LONG)
    for _ in range(3):
        scheduler.step()
    assert scheduler.cancel(running.request) == "running"
    scheduler.step()
    assert running.reasons() == ["cancelled"]
    assert next_one.positions() == [2, 1, 0]
    assert next_one.tokens()


def test_a_cancelled_queued_request_leaves_without_running(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless, max_running=1)
    ask(scheduler, "a", LONG)
    scheduler.step()
    queued, behind = ask(scheduler, "b"), ask(scheduler, "c")
    assert scheduler.cancel(queued.request) == "queued"
    scheduler.step()
    assert queued.reasons() == ["cancelled"]
    assert queued.tokens() == []
    assert behind.positions() == [2, 1]


def test_a_request_cancelled_while_its_prompt_is_read_stops_in_the_next_step(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless)
    ask(scheduler, "a", LONG)
    scheduler.step()
    reading = ask(scheduler, "x" * 400)
    scheduler.step()
    assert 0 < reading.request.choices[0].filled < 400
    scheduler.cancel(reading.request)
    scheduler.step()
    assert reading.reasons() == ["cancelled"]
    assert scheduler.running == 1


def test_running_answers_grow_by_a_token_a_step_while_a_long_prompt_is_read(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless)
    running = ask(scheduler, "a", LONG)
    scheduler.step()
    long = ask(scheduler, "x" * 400)
    while not long.tokens():
        before = len(running.tokens())
        scheduler.step()
        assert len(running.tokens()) == before + 1


def test_requests_start_in_the_order_they_came(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless, max_running=1)
    asked = [ask(scheduler, name, replace(GREEDY, max_tokens=3)) for name in "abcd"]
    while not all(a.tokens() for a in asked):
        scheduler.step()
        started = [bool(a.tokens()) for a in asked]
        assert started == sorted(started, reverse=True)
    run(scheduler)
    assert [a.positions() for a in asked] == [[1, 0], [2, 1, 0], [3, 2, 1, 0], [4, 3, 2, 1, 0]]


def test_the_queue_is_bounded(tireless: "LoadedModel", scheduler_of: SchedulerMaker) -> None:
    scheduler = scheduler_of(tireless, max_running=1, max_waiting=2)
    held = [ask(scheduler, "a", LONG) for _ in range(3)]
    with pytest.raises(EngineError, match="is busy") as refusal:
        ask(scheduler, "one too many")
    assert refusal.value.code == "busy"
    scheduler.cancel(held[2].request)
    scheduler.step()
    assert ask(scheduler, "room again").positions() == [2]


def test_a_step_that_fails_ends_its_requests_with_an_error_and_the_next_ones_run(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless, max_running=1)
    broken = ask(scheduler, [10_000_000])
    waiting = ask(scheduler, "fine")
    with pytest.raises(IndexError):
        scheduler.step()
    scheduler.fail_running()
    run(scheduler)
    assert broken.errors() == ["engine_error"]
    assert waiting.tokens() == reference(tireless, ids_of(tireless, "fine"), 24)


def test_closing_ends_running_and_waiting_requests_with_an_error(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless, max_running=1)
    asked = [ask(scheduler, "a", LONG), ask(scheduler, "b")]
    scheduler.step()
    scheduler.close()
    assert [a.errors() for a in asked] == [["interrupted"], ["interrupted"]]
    with pytest.raises(EngineError, match="stopping"):
        ask(scheduler, "c")


def test_an_answer_ends_at_the_context_window(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless)
    room = 5
    asked = ask(scheduler, [70] * (tireless.window - room), LONG)
    run(scheduler)
    assert asked.reasons() == ["length"]
    assert len(asked.tokens()) == room


def test_memory_is_given_back_when_nothing_runs(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler = scheduler_of(tireless)
    scheduler.start()
    done = [ask(scheduler, "x" * 300, replace(GREEDY, max_tokens=5)) for _ in range(3)]
    scheduler.idle.wait(30)
    scheduler.close()
    assert [len(d.reasons()) for d in done] == [1, 1, 1]
    assert all(layer.keys is None for layer in scheduler.runner.cache.layers)


def registered(active: ActiveRequests, asked: Asked, scheduler: object) -> Asked:
    active.add(asked.request, scheduler)  # type: ignore[arg-type]
    return asked


def test_a_cancel_that_comes_before_its_request_is_applied_on_arrival(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    scheduler, active = scheduler_of(tireless), ActiveRequests()
    assert active.cancel("early") == "unknown"
    asked = registered(active, ask(scheduler, "a", LONG, name="early"), scheduler)
    scheduler.step()
    assert asked.reasons() == ["cancelled"]
    assert asked.tokens() == []


def test_an_early_cancel_is_forgotten_after_a_minute(
    tireless: "LoadedModel", scheduler_of: SchedulerMaker
) -> None:
    now = [0.0]
    scheduler, active = scheduler_of(tireless), ActiveRequests(clock=lambda: now[0])
    active.cancel("early")
    now[0] = CANCEL_MEMORY_SECONDS + 1
    asked = registered(active, ask(scheduler, "a", name="early"), scheduler)
    run(scheduler)
    assert asked.tokens() == reference(tireless, ids_of(tireless, "a"), 24)
