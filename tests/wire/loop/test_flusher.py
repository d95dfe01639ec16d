"""One flush a turn for everything marked in it."""

import asyncio
import gc
import logging
from weakref import ref

import pytest

from wire.loop.flusher import Flusher, flusher_of


class _Noting:
    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    def flush(self) -> None:
        self._notes.append(self._name)


class _Failing:
    def flush(self) -> None:
        raise RuntimeError


async def _next_turn() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_what_was_marked_is_flushed_at_the_end_of_the_turn() -> None:
    notes: list[str] = []
    flusher = Flusher(asyncio.get_running_loop())
    flusher.mark(_Noting("first", notes))
    flusher.mark(_Noting("second", notes))
    asyncio.get_running_loop().call_soon(notes.append, "woken before")
    assert notes == []
    await _next_turn()
    assert sorted(notes) == ["first", "second", "woken before"]
    assert notes.index("first") < notes.index("second")


async def test_an_action_runs_before_the_flushes() -> None:
    notes: list[str] = []
    flusher = Flusher(asyncio.get_running_loop())

    def note() -> None:
        notes.append("line")

    flusher.before_each_flush(note)
    flusher.mark(_Noting("response", notes))
    await _next_turn()
    assert notes == ["line", "response"]
    flusher.not_before_each_flush(note)
    flusher.mark(_Noting("another", notes))
    await _next_turn()
    assert notes == ["line", "response", "another"]


async def test_one_that_fails_keeps_no_other_back(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    flusher = Flusher(asyncio.get_running_loop())
    flusher.mark(_Failing())
    flusher.mark(_Noting("other", notes))
    with caplog.at_level(logging.ERROR):
        await _next_turn()
    assert notes == ["other"]
    assert [record.message for record in caplog.records] == ["flush_failed"]


async def test_a_loop_has_one_flusher() -> None:
    loop = asyncio.get_running_loop()
    assert flusher_of(loop) is flusher_of(loop)


def test_a_loop_that_is_over_is_not_kept() -> None:
    loop = asyncio.new_event_loop()
    own = flusher_of(loop)
    loop.close()
    kept = ref(loop)
    del loop, own
    gc.collect()
    assert kept() is None
