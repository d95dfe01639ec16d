"""The connections of a server: how many there are, and how they come and go."""

from __future__ import annotations

import asyncio
import math
import random
from time import perf_counter
from typing import TYPE_CHECKING

from wire.server.observer import guarded
from wire.server.sweep import Sweep, end_silent_calls, interval_of, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wire.http2.connection import ConnectionEnd
    from wire.http2.limits import Limits
    from wire.server.connection import ServerConnection
    from wire.server.observer import ConnectionObserver, ConnectionRefusal

_JITTER = (0.9, 1.1)
# A caller that sends a request at all has begun with it by then.
_SILENCE = 0.25


class Connections:
    """All connections, also those still in their TLS handshake."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        observer: ConnectionObserver | None,
    ) -> None:
        self._loop = loop
        self._limits = limits
        self._observer = observer
        self._live: set[ServerConnection] = set()
        # All whose socket is open: also those that have sent their GOAWAY and wait for the peer.
        self._open: set[ServerConnection] = set()
        self.handshakes = 0
        self.stopping = False
        """The server stops: what connects now was accepted before, and has to go elsewhere."""
        self.ends_at = math.inf
        """When the calls of a stopping server have to be over, on the clock of `perf_counter`."""
        self._timer: asyncio.TimerHandle | None = None
        self._interval = interval_of(limits)
        self._made_room_at = 0.0
        self._changed: asyncio.Future[None] | None = None

    def __iter__(self) -> Iterator[ServerConnection]:  # noqa: D105
        return iter(list(self._open))

    def __len__(self) -> int:  # noqa: D105
        return len(self._open)

    @property
    def has_room(self) -> bool:
        """Whether one more connection may be made."""
        return len(self._open) + self.handshakes < self._limits.max_connections

    def opened(self, connection: ServerConnection) -> None:
        """A connection is made. It had its place already, during its handshake."""
        connection.sweep = Sweep(connection, random.uniform(*_JITTER))  # noqa: S311 - no secret.
        self._open.add(connection)
        self._live.add(connection)
        if self._timer is None:
            self._timer = self._loop.call_later(self._interval, self._sweep)
        if self._observer is not None:
            guarded(self._observer.connection_opened, connection.peer)
        if self.stopping:
            connection.close()

    def refused(self, peer: str, refusal: ConnectionRefusal, reason: str) -> None:
        """A caller was not let in."""
        if self._observer is not None:
            guarded(self._observer.connection_refused, peer, refusal, reason)

    def make_room(self) -> None:
        """End calls open without a request, to make room for calls with one."""
        now = perf_counter()
        if now - self._made_room_at < _SILENCE:
            return
        self._made_room_at = now
        for connection in self:
            end_silent_calls(connection, now - _SILENCE)

    def ended(self, connection: ServerConnection, reason: ConnectionEnd) -> None:
        """A connection is over. Its socket may still be open."""
        if connection not in self._live:
            return
        self._live.remove(connection)
        if self._observer is not None:
            guarded(self._observer.connection_ended, connection.peer, reason)
        self._wake()

    def lost(self, connection: ServerConnection) -> None:
        """A connection's socket is closed."""
        self._open.discard(connection)
        self._wake()

    async def wait_until_ended(self, seconds: float) -> bool:
        """Wait until all connections are over. Returns False when the time is over first."""
        return await self._wait_until_empty(self._live, seconds)

    async def wait_until_closed(self, seconds: float) -> bool:
        """Wait until all sockets are closed. Returns False when the time is over first."""
        return await self._wait_until_empty(self._open, seconds)

    async def _wait_until_empty(self, waited_for: set[ServerConnection], seconds: float) -> bool:
        end = self._loop.time() + seconds
        while waited_for:
            left = end - self._loop.time()
            if left <= 0:
                return False
            self._changed = self._loop.create_future()
            await asyncio.wait([self._changed], timeout=left)
        return True

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def _sweep(self) -> None:
        self._timer = None
        sweep(self)
        if self._open:
            self._timer = self._loop.call_later(self._interval, self._sweep)

    def stop_sweeping(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
