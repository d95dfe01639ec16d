"""When calls arrive: by that a server that drains sees that its callers have turned away."""

import asyncio
import time

QUIET_SECONDS = 0.2
"""Without a call for so long, callers count as gone elsewhere; a message to them takes far less."""

LIMIT_SECONDS = 2.0
"""How long a server waits for that. Callers that do not watch its health never go elsewhere."""


class Arrivals:
    """The time of the latest call.

    Attributes:
        latest: in seconds of `time.perf_counter`.
    """

    __slots__ = ("latest",)

    def __init__(self) -> None:
        self.latest = time.perf_counter()

    async def cease(self) -> None:
        """Waits until no call has arrived for `QUIET_SECONDS`, or else for `LIMIT_SECONDS`."""
        self.latest = time.perf_counter()
        give_up = self.latest + LIMIT_SECONDS
        # It is time itself that is waited for, so no event could tell.
        while (left := self._left(give_up)) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)

    def _left(self, give_up: float) -> float:
        return min(self.latest + QUIET_SECONDS, give_up) - time.perf_counter()
