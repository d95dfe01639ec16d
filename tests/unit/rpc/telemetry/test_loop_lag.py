"""A loop that was blocked is warned about, and not too often."""

import asyncio
import time

from wire.loop.lag import LagWarning


def _block(seconds: float) -> None:
    # What a servicer does that it should not.
    time.sleep(seconds)


async def test_a_blocked_loop_is_warned_about() -> None:
    warned: asyncio.Queue[float] = asyncio.Queue()
    warning = LagWarning(asyncio.get_running_loop(), warned.put_nowait, blocked=0.05)
    await asyncio.sleep(0)
    _block(0.2)
    assert await asyncio.wait_for(warned.get(), 10) >= 0.05
    warning.close()


async def test_a_second_block_waits_for_its_warning() -> None:
    warned: asyncio.Queue[float] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    warning = LagWarning(loop, warned.put_nowait, blocked=0.05, say_every=3600)
    await asyncio.sleep(0)
    for _ in range(3):
        _block(0.2)
        await asyncio.sleep(0.03)
    assert warned.qsize() == 1
    warning.close()
