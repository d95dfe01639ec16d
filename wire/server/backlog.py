"""What has arrived on a server's connection, and waits to be read."""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING

from wire.http2.connection import FRAMES_A_TURN
from wire.server.observer import guarded
from wire.server.refusal import RefusalFrames
from wire.server.usual_requests import UsualRequests

if TYPE_CHECKING:
    from wire.server.dispatcher import Dispatcher
    from wire.server.identity import Caller

# Each of two frames.
_CALLS_A_TURN = FRAMES_A_TURN // 2


class Backlog(UsualRequests):
    """Reads in its turn, and knows how long each byte has waited for that.

    Attributes:
        caller: who shares turns with the other connections of the same caller.
        has_more: whether something waits.
        refused: calls that were refused as they were read.
    """

    caller: Caller = ()
    has_more = False
    refused = 0

    def __init__(self, dispatcher: Dispatcher) -> None:
        super().__init__(dispatcher.flusher, dispatcher.limits)
        self.dispatcher = dispatcher
        self._turns = dispatcher.turns
        # When the pieces of the backlog have arrived.
        self._arrived: deque[float] = deque()
        self._arrival = 0.0
        self._late = RefusalFrames(dispatcher.admission.late, self.encoder)
        self._full = RefusalFrames(dispatcher.admission.full, self.encoder)

    def data_received(self, data: bytes) -> None:
        """Read what has arrived, or have it wait."""
        turns = self._turns
        if turns.left > 0 and not self._backlog:
            self.silent = False
            self._arrival = 0.0
            before = self.highest_peer_stream
            self._feed(data)
            turns.left -= self.highest_peer_stream - before
            return
        self.silent = False
        self._arrived.append(perf_counter())
        self._put_off(data)
        self._wait()

    def _wait(self) -> None:
        if not self.has_more:
            self.has_more = True
            self._turns.wait(self)

    def _read_later(self, data: bytes) -> None:
        self._rest = b""
        self._arrived.appendleft(self._arrival or perf_counter())
        self._backlog.appendleft(data)
        self._backlog_bytes += len(data)
        self._wait()

    def _go_on(self) -> None:
        self.read_on(0.0, _CALLS_A_TURN)

    def read_on(self, late_before: float, room: int) -> tuple[int, int]:
        """Read a part of what waits, and refuse the calls in it for which there is no room.

        Args:
          late_before: calls that have arrived before are refused, too.
          room: for how many calls there is some.

        Returns:
          How many ids the calls took that are begun, and those that are refused.
        """
        first, refused = self.highest_peer_stream, self.refused
        self.frames_a_turn = 2 * (min(_CALLS_A_TURN, room) if room > 0 else _CALLS_A_TURN)
        left = 1
        while self._backlog and left > 0:
            waiting = len(self._backlog)
            data = self._backlog.popleft()
            self._backlog_bytes -= len(data)
            self._arrival = self._arrived.popleft()
            self._read_piece(data, late=self._arrival < late_before, full=room <= 0)
            # What was not read as a whole is there again.
            is_cut = len(self._backlog) == waiting
            left = 0 if is_cut else self.frames_a_turn - (self.highest_peer_stream - first)
        self.refusing = None
        self.frames_a_turn = FRAMES_A_TURN
        self.has_more = bool(self._backlog) and not self.ended
        self._resume_reading()
        refused = 2 * (self.refused - refused)
        return self.highest_peer_stream - first - refused, refused

    def _read_piece(self, data: bytes, *, late: bool, full: bool) -> None:
        refused = self.refused
        if full:
            self.refusing = self._full
        else:
            self.refusing = self._late if late else None
        self._feed(data)
        if self.refused > refused:
            admission = self.dispatcher.admission
            tell = admission.turned_away if full else admission.waited_too_long
            guarded(tell, self.caller, self.refused - refused)
