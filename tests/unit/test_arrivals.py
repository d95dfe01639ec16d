"""Waiting until callers have turned away."""

import asyncio
import time

from rpc.arrivals import LIMIT_SECONDS, QUIET_SECONDS, Arrivals

import pytest


async def seconds_to_cease(arrivals: Arrivals) -> float:
    began = time.perf_counter()
    await arrivals.cease()
    return time.perf_counter() - began


async def test_without_a_call_it_is_the_quiet_time() -> None:
    assert QUIET_SECONDS <= await seconds_to_cease(Arrivals()) < LIMIT_SECONDS


async def test_each_call_begins_the_quiet_time_anew() -> None:
    arrivals = Arrivals()
    ceasing = asyncio.create_task(seconds_to_cease(arrivals))
    await asyncio.sleep(QUIET_SECONDS / 2)
    arrivals.latest = time.perf_counter()
    assert await ceasing >= QUIET_SECONDS * 1.5


async def test_callers_that_go_on_are_not_waited_for_longer_than_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rpc.arrivals.LIMIT_SECONDS", 2 * QUIET_SECONDS)
    arrivals = Arrivals()
    ceasing = asyncio.create_task(seconds_to_cease(arrivals))
    while not ceasing.done():
        arrivals.latest = time.perf_counter()
        await asyncio.sleep(QUIET_SECONDS / 10)
    assert ceasing.result() >= 2 * QUIET_SECONDS
