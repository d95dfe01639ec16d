"""The connectivity state of a channel, and the wait for its change.

Source: https://github.com/grpc/grpc/blob/master/doc/connectivity-semantics-and-api.md.
"""

from __future__ import annotations

import asyncio

import grpc

IDLE = grpc.ChannelConnectivity.IDLE
CONNECTING = grpc.ChannelConnectivity.CONNECTING
READY = grpc.ChannelConnectivity.READY
TRANSIENT_FAILURE = grpc.ChannelConnectivity.TRANSIENT_FAILURE
SHUTDOWN = grpc.ChannelConnectivity.SHUTDOWN


class Connectivity:
    """A state to wait for.

    Attributes:
        state: what it is now.
        last_error: why there was no connection the last time, in words, or None before that.
    """

    def __init__(self) -> None:
        self.state = IDLE
        self.last_error: str | None = None
        self._waiters: set[asyncio.Future[None]] = set()

    def set(self, state: grpc.ChannelConnectivity) -> None:
        """Wakes the waiters if the state differs."""
        if state is self.state or self.state is SHUTDOWN:
            return
        self.state = state
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for_change(self, last_observed: grpc.ChannelConnectivity) -> None:
        """Returns as soon as the state is not the given one."""
        while self.state is last_observed:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
