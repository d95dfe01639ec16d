"""Work runs concurrently within a limit, and its results keep the order of the items."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from client.in_order import in_order
from testing.waiting import eventually


class _Work:
    """Work under the test's control: it ends on demand."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.cancelled: list[int] = []
        self._gates: dict[int, asyncio.Event] = {}

    async def __call__(self, item: int) -> int:
        self.started.append(item)
        try:
            await self._gate(item).wait()
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        return item * 10

    def finish(self, item: int) -> None:
        self._gate(item).set()

    def _gate(self, item: int) -> asyncio.Event:
        return self._gates.setdefault(item, asyncio.Event())


async def _endless(taken: list[int]) -> AsyncIterator[int]:
    while True:
        taken.append(len(taken))
        yield taken[-1]


async def test_results_come_in_order_however_the_work_ends() -> None:
    work, taken = _Work(), list[int]()
    async with aclosing(in_order(_endless(taken), work, limit=3)) as results:
        first = asyncio.ensure_future(anext(results))
        await eventually(lambda: work.started == [0, 1, 2], "three are worked on")
        work.finish(2)
        work.finish(1)
        await asyncio.sleep(0)
        assert not first.done()
        work.finish(0)
        assert [await first, await anext(results), await anext(results)] == [0, 10, 20]


async def test_no_more_items_are_taken_than_are_worked_on() -> None:
    work, taken = _Work(), list[int]()
    async with aclosing(in_order(_endless(taken), work, limit=3)) as results:
        first = asyncio.ensure_future(anext(results))
        await eventually(lambda: len(work.started) == 3, "three are worked on")
        for item in (1, 2):
            work.finish(item)
        for _ in range(100):
            await asyncio.sleep(0)
        # One more waits for its turn.
        assert (work.started, taken) == ([0, 1, 2], [0, 1, 2, 3])
        work.finish(0)
        await first
        following = asyncio.ensure_future(anext(results))
        await eventually(lambda: work.started == [0, 1, 2, 3], "the fourth is worked on")
        await following


async def test_an_error_of_the_items_comes_after_the_results_before_it() -> None:
    async def items() -> AsyncIterator[int]:
        yield 1
        raise ValueError("no more")

    work = _Work()
    work.finish(1)
    results = in_order(items(), work, limit=5)
    assert await anext(results) == 10
    with pytest.raises(ValueError, match="no more"):
        await anext(results)


async def test_no_items_have_no_results() -> None:
    async def items() -> AsyncIterator[int]:
        for item in list[int]():
            yield item

    assert [result async for result in in_order(items(), _Work(), limit=1)] == []


async def test_an_early_stop_leaves_no_work_behind() -> None:
    work, taken = _Work(), list[int]()
    results = in_order(_endless(taken), work, limit=3)
    work.finish(0)
    assert await anext(results) == 0
    await eventually(lambda: len(work.started) == 3, "two more are worked on")
    await results.aclose()
    await eventually(lambda: sorted(work.cancelled) == [1, 2], "they are cancelled")
