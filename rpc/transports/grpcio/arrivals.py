"""Whether calls still arrive: so a stopping server sees whether its callers have gone."""

import asyncio
import time

_LOOKS = 10


class Arrivals:
    """Counts calls.

    Attributes:
        count: how many have arrived.
    """

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    async def cease(self, quiet: float, limit: float) -> None:
        """Waits until no call has arrived for `quiet` seconds, or else for `limit` seconds.

        It looks several times: after a while without a processor, one long look would seem quiet.
        """
        give_up = time.perf_counter() + limit
        calm = 0
        while calm < _LOOKS and time.perf_counter() < give_up:
            before = self.count
            await asyncio.sleep(quiet / _LOOKS)
            calm = calm + 1 if self.count == before else 0
