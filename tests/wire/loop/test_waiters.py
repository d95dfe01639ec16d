"""Tasks that wait for the same thing."""

import asyncio

from wire.loop.waiters import Waiters


async def test_all_that_wait_are_woken_in_their_order() -> None:
    waiters, woken = Waiters(), list[int]()

    async def wait(number: int) -> None:
        await waiters.wait()
        woken.append(number)

    tasks = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    assert woken == []
    waiters.wake()
    await asyncio.gather(*tasks)
    assert woken == [0, 1, 2]


async def test_a_wake_is_for_those_that_wait_already() -> None:
    waiters = Waiters()
    waiters.wake()
    task = asyncio.create_task(waiters.wait())
    await asyncio.sleep(0)
    assert not task.done()
    waiters.wake()
    await task


async def test_a_cancelled_task_does_not_keep_the_others_waiting() -> None:
    waiters = Waiters()
    gone, waiting = (asyncio.create_task(waiters.wait()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    waiters.wake()
    await waiting
    assert gone.cancelled()
