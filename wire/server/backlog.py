"""What has arrived on a server's connection, and waits to be read."""

from __future__ import annotations

import math
from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING

from wire.http2.reading import FRAMES_A_TURN
from wire.server.observer import guarded
from wire.server.refusal import RefusalFrames
from wire.server.usual_requests import UsualRequests

if TYPE_CHECKING:
    from collections.abc import Callable

    from wire.http2.connection import ConnectionEnd
    from wire.server.dispatcher import Dispatcher
    from wire.server.identity import Caller

# Each of two frames.
_CALLS_A_TURN = FRAMES_A_TURN // 2
_REFUSALS_A_TURN = 128
_SMALL_PIECE = 1024


class Backlog(UsualRequests):
    """Reads when it is next, and knows how long each byte has waited for that.

    Attributes:
        caller: who shares a place in the queue with the other connections of the same caller.
        has_more: whether something waits.
        refused: calls that were refused as they were read.
    """

    caller: Caller = ()
    has_more = False
    refused = 0
    is_probe = False
    """The last call that was seen in overload is one that is always handled."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        super().__init__(dispatcher.flusher, dispatcher.limits)
        self.dispatcher = dispatcher
        self._fair_queue = dispatcher.fair_queue
        # When the pieces of the backlog have arrived.
        self._arrived: deque[float] = deque()
        self._arrival = 0.0
        self._late = RefusalFrames(dispatcher.admission.late, self.encoder)
        self._full = RefusalFrames(dispatcher.admission.full, self.encoder)

    def data_received(self, data: bytes) -> None:
        """Read what has arrived, or have it wait."""
        self.silent = False
        queue = self._fair_queue
        if queue.left > 0 and not self._backlog and not self.paused:
            self._arrival = 0.0
            before = self.highest_peer_stream
            self._feed(data)
            queue.left -= self.highest_peer_stream - before
            return
        if len(data) <= _SMALL_PIECE and not self._backlog and self._may_go_ahead():
            refused = self.refused
            self._feed(data)
            self._settle(refused, self.dispatcher.admission.refused_as_late)
            return
        self._arrived.append(perf_counter())
        self._put_off(data)
        self._wait()

    def _may_go_ahead(self) -> bool:
        """Whether this is one to read before all that wait.

        A probe begins with a handshake, and each step of it would wait by itself. One that has its
        connection already is known by the calls that were not refused on it.
        """
        if not self.highest_peer_stream:
            return True
        if self.is_probe:
            self.refusing = self._late
        return self.is_probe

    def note_exempt(self, is_exempt: bool) -> bool:  # noqa: FBT001
        """Remember whether a call is begun although others are refused, and return it."""
        self.is_probe = is_exempt
        return is_exempt

    def _wait(self) -> None:
        if not self.has_more:
            self.has_more = True
            self._fair_queue.wait(self)

    def _read_later(self, data: bytes) -> None:
        self._rest = b""
        self._arrived.appendleft(self._arrival or perf_counter())
        self._backlog.appendleft(data)
        self._backlog_bytes += len(data)
        self._wait()

    def _go_on(self) -> None:
        self.paused = False
        self.read_on(_CALLS_A_TURN)

    def resume_writing(self) -> None:
        """The peer reads its responses: it may have more of them."""
        super().resume_writing()
        if self._backlog:
            self._wait()

    @property
    def waits_since(self) -> float:
        """When the first piece has arrived that waits."""
        return self._arrived[0] if self._arrived else math.inf

    def read_on(self, room: int) -> tuple[int, int]:
        """Read a part of what waits. Where there is no room for calls they are refused.

        Args:
          room: for how many calls there is some.

        Returns:
          How many ids the calls took that are begun, and those that are refused.
        """
        if self.paused:
            # Refusals cost little to send. A peer that does not read them has to wait.
            self.has_more = False
            return 0, 0
        first, refused = self.highest_peer_stream, self.refused
        self.frames_a_turn = 2 * (min(_CALLS_A_TURN, room) if room > 0 else _CALLS_A_TURN)
        self.refusing = None if room > 0 else self._full
        while self._backlog:
            is_cut = self._read_piece()
            if is_cut or self.highest_peer_stream - first >= self.frames_a_turn:
                break
        refused = self._settle(refused, self.dispatcher.admission.refused_without_room)
        return self.highest_peer_stream - first - 2 * refused, 2 * refused

    def refuse_late(self, before: float) -> int:
        """Refuse calls that have arrived before a time, and return how many."""
        if self.paused:
            self.has_more = False
            return 0
        refused = self.refused
        self.frames_a_turn = 2 * _REFUSALS_A_TURN
        self.refusing = self._late
        while self.waits_since < before and not self._read_piece():
            pass
        return self._settle(refused, self.dispatcher.admission.refused_as_late)

    def _read_piece(self) -> bool:
        """Read what has arrived at once. Whether that was too much for a turn."""
        waiting = len(self._backlog)
        data = self._backlog.popleft()
        self._backlog_bytes -= len(data)
        self._arrival = self._arrived.popleft()
        self._feed(data)
        # What was not read is there again.
        return len(self._backlog) == waiting

    def _settle(self, refused_before: int, report: Callable[[Caller, int], None]) -> int:
        self.refusing = None
        self.frames_a_turn = FRAMES_A_TURN
        self.has_more = bool(self._backlog)
        self._resume_reading()
        refused = self.refused - refused_before
        if refused:
            guarded(report, self.caller, refused)
        return refused

    def _end(self, reason: ConnectionEnd) -> None:
        super()._end(reason)
        self._arrived.clear()
