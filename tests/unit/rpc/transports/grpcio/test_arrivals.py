"""The wait for callers to move away."""

import asyncio
import time

from rpc.transports.grpcio.arrivals import Arrivals

QUIET_SECONDS = 0.2


async def seconds_to_cease(arrivals: Arrivals, limit: float) -> float:
    began = time.perf_counter()
    await arrivals.cease(QUIET_SECONDS, limit)
    return time.perf_counter() - began


async def test_without_a_call_it_is_the_quiet_time() -> None:
    limit = 100 * QUIET_SECONDS
    assert QUIET_SECONDS <= await seconds_to_cease(Arrivals(), limit) < limit


async def test_each_call_begins_the_quiet_time_anew() -> None:
    arrivals = Arrivals()
    ceasing = asyncio.create_task(seconds_to_cease(arrivals, 100 * QUIET_SECONDS))
    await asyncio.sleep(QUIET_SECONDS / 2)
    arrivals.count += 1
    assert await ceasing >= QUIET_SECONDS * 1.5


async def test_a_stall_of_the_process_is_not_quiet() -> None:
    arrivals = Arrivals()
    ceasing = asyncio.create_task(seconds_to_cease(arrivals, 100 * QUIET_SECONDS))
    await asyncio.sleep(0)
    time.sleep(2 * QUIET_SECONDS)  # noqa: ASYNC251  # it is the stall
    assert await ceasing >= 2.5 * QUIET_SECONDS


async def test_busy_callers_are_waited_for_up_to_the_limit() -> None:
    arrivals = Arrivals()
    ceasing = asyncio.create_task(seconds_to_cease(arrivals, 2 * QUIET_SECONDS))
    while not ceasing.done():
        arrivals.count += 1
        await asyncio.sleep(0)
    assert ceasing.result() >= 2 * QUIET_SECONDS
