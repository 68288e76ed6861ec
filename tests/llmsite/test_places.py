"""Requests wait before they begin, in order; those that wait for something else hold up nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from llmsite.places import Place, Places

NEVER, SOON = 3600.0, 0.01


@asynccontextmanager
async def entered(places: Places) -> AsyncIterator[None]:
    place = Place(places)
    await place.enter()
    try:
        yield
    finally:
        place.leave()


class Guest:
    """A request: it comes, is let in at some time, and goes."""

    def __init__(self, places: Places) -> None:
        self.inside = asyncio.Event()
        self.goes = asyncio.Event()
        self.task = asyncio.create_task(self._visit(places))

    async def _visit(self, places: Places) -> None:
        async with entered(places):
            self.inside.set()
            await self.goes.wait()

    async def leave(self) -> None:
        self.goes.set()
        await self.task

    async def is_let_in(self) -> None:
        await asyncio.wait_for(self.inside.wait(), 20)


async def come(places: Places, many: int) -> list[Guest]:
    guests = [Guest(places) for _ in range(many)]
    await asyncio.sleep(0)
    return guests


def inside(guests: list[Guest]) -> list[bool]:
    return [guest.inside.is_set() for guest in guests]


async def test_as_many_as_there_are_places_and_then_the_one_who_came_first() -> None:
    guests = await come(Places(2, NEVER), 4)
    assert inside(guests) == [True, True, False, False]
    await guests[1].leave()
    await guests[2].is_let_in()
    assert inside(guests) == [True, True, True, False]
    await guests[0].leave()
    await guests[3].is_let_in()


async def test_when_nobody_leaves_for_a_while_one_more_is_let_in() -> None:
    places = Places(1, SOON)
    slow, *others = await come(places, 3)
    for other in others:
        await other.is_let_in()
        await other.leave()
    assert not slow.task.done(), "nobody waited for it to end"
    await slow.leave()
    assert places.taken == 0


async def test_one_who_came_in_by_an_added_place_gives_it_to_the_next() -> None:
    places = Places(1, SOON)
    slow, quick, _next = await come(places, 3)
    await quick.is_let_in()
    places.stall = NEVER
    await quick.leave()
    await _next.is_let_in()
    assert places.taken == 2
    [last] = await come(places, 1)
    await slow.leave()
    assert (places.taken, inside([last])) == (1, [False]), "the added place went with the slow one"
    await _next.leave()
    await last.is_let_in()


async def test_whoever_gives_up_waiting_is_passed_over() -> None:
    places = Places(1, NEVER)
    first, gone, second = await come(places, 3)
    gone.task.cancel()
    await asyncio.wait([gone.task])
    await first.leave()
    await second.is_let_in()
    assert places.taken == 1


async def test_a_turn_that_came_too_late_goes_to_the_next() -> None:
    places = Places(1, NEVER)
    first, gone, second = await come(places, 3)
    first.goes.set()
    while places.taken == 1 and not first.task.done():
        await asyncio.sleep(0)
    gone.task.cancel()
    await second.is_let_in()
    assert places.taken == 1


async def test_leaving_twice_or_without_having_entered_is_leaving_once() -> None:
    places = Places(2, NEVER)
    first, second, never = (Place(places) for _ in range(3))
    await first.enter()
    await second.enter()
    never.leave()
    first.leave()
    first.leave()
    assert places.taken == 1


@pytest.mark.parametrize("width", [1, 3])
async def test_a_crowd_gets_through_and_never_more_than_that_many_at_once(width: int) -> None:
    places, most = Places(width, NEVER), 0

    async def visit() -> None:
        nonlocal most
        async with entered(places):
            most = max(most, places.taken)
            await asyncio.sleep(0)

    await asyncio.gather(*(visit() for _ in range(50)))
    assert (most, places.taken) == (width, 0)
