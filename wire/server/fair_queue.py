"""Chooses the next connection to read, when one turn of the event loop cannot begin all calls.

Calls are begun as they are read, and begun calls make a turn long: for all callers, health checks
among them. So a turn begins a bounded number of calls, however many connections there are. The rest
waits, and callers are served round-robin, whatever number of connections each of them has.

A call is refused after too long a wait, or if there is no room for it. A refusal costs a small part
of a response: it is made while the call is read. As long as the queue is empty from time to time it
only holds a burst, and calls may wait for `max_wait`. In a queue that never empties each call would
wait for as long as the one before, for nothing. There calls may wait for a part of `max_wait`.
Sources: CoDel (RFC 8289), and "Fail at Scale" (ACM Queue, 2015).
"""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from wire.server.admission import Admission
    from wire.server.backlog import Backlog
    from wire.server.identity import Caller

CALLS_A_TURN = 128
"""Calls begun in one turn, give or take a connection's 32."""
STANDING_PART = 0.25
"""The part of `max_wait` allowed in a queue that never empties."""

# Calls of a caller have ids that are 2 apart. A refusal costs much less than a call.
_IDS_A_TURN = 2 * CALLS_A_TURN
_REFUSALS_A_CALL = 16
_REFUSALS_A_TURN = 1024


class FairQueue:
    """The queue of connections with unread bytes.

    Attributes:
        left: ids left for calls to begin in this turn. None while connections wait.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, max_wait: float, admission: Admission
    ) -> None:
        self.left = _IDS_A_TURN
        self._loop = loop
        self._max_wait = max_wait
        self._admission = admission
        self._waiting: dict[Caller, deque[Backlog]] = {}
        self._since = 0.0
        """When the queue was empty the last time."""

    def renew(self) -> None:
        """The next turn: what has arrived for it may be read."""
        if not self._waiting:
            self.left = min(_IDS_A_TURN, 2 * self._admission.room())

    def wait(self, connection: Backlog) -> None:
        """Read this connection when its caller is next."""
        if not self._waiting:
            self._since = connection.waits_since
            self.left = 0
            # Behind the calls that this turn has begun: they have their room by then.
            self._loop.call_soon(self._serve)
        self._waiting.setdefault(connection.caller, deque()).append(connection)

    def _serve(self) -> None:
        left = self._begin()
        if self._waiting:
            self._refuse_late()
        if self._waiting:
            self._loop.call_soon(self._serve)
        else:
            self.left = left

    def _begin(self) -> int:
        """Begin the calls of one turn, late ones too: to refuse all of them would help nobody."""
        left = _IDS_A_TURN
        # What is begun here takes its room when it runs.
        begun: dict[Caller, int] = {}
        while left > 0 and self._waiting:
            connection = self._next()
            caller = connection.caller
            room = self._admission.room_for(caller) - begun.get(caller, 0)
            ids, refused = connection.read_on(room)
            begun[caller] = begun.get(caller, 0) + ids // 2
            # A connection without calls takes its time, too.
            left -= max(2, ids + refused // _REFUSALS_A_CALL)
            if connection.has_more:
                self._waiting.setdefault(caller, deque()).append(connection)
        return min(left, 2 * (self._admission.room() - sum(begun.values())))

    def _refuse_late(self) -> None:
        now = perf_counter()
        is_standing = now - self._since > self._max_wait
        before = now - self._max_wait * (STANDING_PART if is_standing else 1.0)
        left = _REFUSALS_A_TURN
        for caller, connections in list(self._waiting.items()):
            for connection in list(connections):
                if left > 0 and connection.waits_since < before:
                    left -= max(1, connection.refuse_late(before))
            kept = deque([connection for connection in connections if connection.has_more])
            if kept:
                self._waiting[caller] = kept
            else:
                del self._waiting[caller]

    def _next(self) -> Backlog:
        caller = next(iter(self._waiting))
        # Behind the other callers, if it has more connections that wait.
        connections = self._waiting.pop(caller)
        connection = connections.popleft()
        if connections:
            self._waiting[caller] = connections
        return connection
