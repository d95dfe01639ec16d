"""Deadlines fire once, in their order, never early."""

import asyncio
import gc
from time import perf_counter
from weakref import ref

import pytest

from wire.loop.deadlines import Deadlines, deadlines_of


class _Entry:
    def __init__(self, *, fails: bool = False) -> None:
        self.expired_at: list[float] = []
        self.expired = asyncio.Event()
        self._fails = fails

    def expire(self) -> None:
        self.expired_at.append(perf_counter())
        self.expired.set()
        if self._fails:
            raise RuntimeError


async def test_an_entry_expires_at_its_time_and_not_before() -> None:
    entry = _Entry()
    due = perf_counter() + 0.02
    Deadlines(asyncio.get_running_loop()).add(0.02, entry)
    await asyncio.wait_for(entry.expired.wait(), 10)
    assert entry.expired_at[0] >= due - 1e-3


async def test_an_entry_that_is_taken_back_does_not_expire() -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    taken_back, other = _Entry(), _Entry()
    slot = deadlines.add(0.01, taken_back)
    slot.pop(taken_back, None)
    deadlines.add(0.03, other)
    await asyncio.wait_for(other.expired.wait(), 10)
    assert taken_back.expired_at == []


async def test_a_sooner_deadline_overtakes_a_later_one() -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    later, sooner = _Entry(), _Entry()
    deadlines.add(0.1, later)
    deadlines.add(0.01, sooner)
    await asyncio.wait_for(later.expired.wait(), 10)
    assert sooner.expired_at < later.expired_at


async def test_a_deadline_in_the_past_expires_at_once() -> None:
    entry = _Entry()
    Deadlines(asyncio.get_running_loop()).add(-5, entry)
    await asyncio.wait_for(entry.expired.wait(), 10)


@pytest.mark.parametrize("seconds", [1e300, float("inf")])
async def test_a_deadline_beyond_all_time_is_kept(seconds: float) -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    forever, soon = _Entry(), _Entry()
    deadlines.add(seconds, forever)
    deadlines.add(0.01, soon)
    await asyncio.wait_for(soon.expired.wait(), 10)
    assert forever.expired_at == []


async def test_one_that_fails_keeps_no_other_back() -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    failing, other = _Entry(fails=True), _Entry()
    moment = perf_counter() + 0.01
    assert deadlines.add_at(moment, failing) is deadlines.add_at(moment, other)
    await asyncio.wait_for(other.expired.wait(), 10)


async def test_an_entry_of_an_expiry_expires_too() -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    second = _Entry()

    class _Adding:
        def expire(self) -> None:
            deadlines.add(0.01, second)

    deadlines.add(0.01, _Adding())
    await asyncio.wait_for(second.expired.wait(), 10)


async def test_slots_of_ended_calls_do_not_pile_up() -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    kept, ended = _Entry(), _Entry()
    deadlines.add(3600, kept)
    for hours in range(20_000):
        deadlines.add(3600.0 * hours, ended).pop(ended, None)
    assert len(deadlines) < 2_000


async def test_deadlines_in_any_order_fire_in_theirs() -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    entries = {milliseconds: _Entry() for milliseconds in (90, 10, 50, 30, 70)}
    for milliseconds, entry in entries.items():
        deadlines.add(milliseconds / 1000, entry)
    await asyncio.wait_for(entries[90].expired.wait(), 10)
    times = [entries[milliseconds].expired_at for milliseconds in sorted(entries)]
    assert times == sorted(times)


async def test_a_loop_has_one_set_of_deadlines() -> None:
    loop = asyncio.get_running_loop()
    assert deadlines_of(loop) is deadlines_of(loop)


def test_a_loop_that_is_over_is_not_kept() -> None:
    loop = asyncio.new_event_loop()
    own = deadlines_of(loop)
    loop.close()
    kept = ref(loop)
    del loop, own
    gc.collect()
    assert kept() is None
