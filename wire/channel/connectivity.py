"""The connectivity state of a channel, and the wait for its change.

Source: https://github.com/grpc/grpc/blob/master/doc/connectivity-semantics-and-api.md.
"""

from __future__ import annotations

import grpc

from wire.loop.waiters import Waiters

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
        self._changes = Waiters()

    def set(self, state: grpc.ChannelConnectivity) -> None:
        """Wakes the waiters if the state differs."""
        if state is self.state or self.state is SHUTDOWN:
            return
        self.state = state
        self._changes.wake()

    async def wait_for_change(self, last_observed: grpc.ChannelConnectivity) -> None:
        """Returns as soon as the state is not the given one."""
        while self.state is last_observed:
            await self._changes.wait()
