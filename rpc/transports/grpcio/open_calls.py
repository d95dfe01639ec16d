"""The open calls. Those without a request are ended: gRPC's core has no limit on their time."""

import asyncio
import time
from contextlib import suppress

from rpc.core.call import Call

import grpc

_LOOK_SECONDS = 1.0


class OpenCalls:
    """Knows the open calls, and ends those without a request read in time."""

    def __init__(self, timeout: float) -> None:
        """Takes the seconds of silence allowed to a call."""
        self._timeout = timeout
        # In the order of their arrival.
        self._open: dict[Call, None] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def opened(self, call: Call) -> None:
        """A call has arrived."""
        self._open[call] = None

    def closed(self, call: Call) -> None:
        """A call is over."""
        self._open.pop(call, None)

    @property
    def any_open(self) -> bool:
        """Whether any call is open."""
        return bool(self._open)

    async def watch(self) -> None:
        """Checks the calls for as long as the server runs."""
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, self._timeout / 4))
            self.end_silent(time.perf_counter() - self._timeout)

    def end_silent(self, before: float) -> None:
        """Ends calls silent since a time, in seconds of `time.perf_counter`."""
        for call in list(self._open):
            if call.started > before:
                return
            if call.requests == 0:
                ending = asyncio.create_task(_abort(call))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)


async def _abort(call: Call) -> None:
    # The call's own task notices it where it waits for the request.
    with suppress(grpc.aio.AbortError, grpc.aio.UsageError):
        await call.context.abort(grpc.StatusCode.CANCELLED, "no request has arrived in time")
