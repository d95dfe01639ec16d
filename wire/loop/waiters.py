"""Tasks that wait until something has happened."""

from __future__ import annotations

import asyncio


class Waiters:
    """Any number of tasks. What has happened wakes them in the order in which they came."""

    __slots__ = ("_futures",)

    def __init__(self) -> None:
        self._futures: dict[asyncio.Future[None], None] = {}

    async def wait(self) -> None:
        """Wait for the next `wake`."""
        future = asyncio.get_running_loop().create_future()
        self._futures[future] = None
        try:
            await future
        finally:
            self._futures.pop(future, None)

    def wake(self) -> None:
        """Let all that wait go on."""
        if self._futures:
            futures, self._futures = self._futures, {}
            for future in futures:
                if not future.done():
                    future.set_result(None)
