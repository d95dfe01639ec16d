"""Waiting for what another process or task does, with a limit."""

import asyncio
import time
from collections.abc import Callable

LIMIT_SECONDS = 30.0
"""Far more than anything takes on an idle machine: a test that waits so long has failed."""

_PAUSE_SECONDS = 0.01


def wait_until(
    condition: Callable[[], bool],
    what: str,
    limit: float = LIMIT_SECONDS,
    pause: float = _PAUSE_SECONDS,
) -> None:
    """Returns as soon as the condition holds, which is looked at each `pause` seconds.

    Raises:
        TimeoutError: it does not hold within `limit` seconds. The message says `what` was awaited.
    """
    give_up = time.monotonic() + limit
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError(f"after {limit} s still waiting until {what}")
        time.sleep(pause)


async def eventually(
    condition: Callable[[], bool], what: str, limit: float = LIMIT_SECONDS
) -> None:
    """`wait_until` for tests that run on the event loop."""
    give_up = time.monotonic() + limit
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError(f"after {limit} s still waiting until {what}")
        await asyncio.sleep(_PAUSE_SECONDS)
