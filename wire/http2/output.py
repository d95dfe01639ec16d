"""The bytes of a connection on their way out: collected in a turn of the loop, written once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wire.http2.error_codes import ENHANCE_YOUR_CALM

if TYPE_CHECKING:
    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher


class Output(asyncio.Protocol):
    """Collects frames and writes them once a turn. Holds them back while the peer does not read."""

    _transport: asyncio.Transport

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        self.limits = limits
        self._flusher = flusher
        self._out: list[bytes | memoryview] = []
        self._dirty = False
        self.ended = False
        self.paused = False
        """The transport's buffer is full: the peer does not read what it is sent."""

    def mark_dirty(self) -> None:
        """Flush this connection at the end of the turn."""
        if not self._dirty:
            self._dirty = True
            self._flusher.mark(self)

    def write(self, frames: bytes) -> None:
        """Send whole frames with this turn's write."""
        self._out.append(frames)
        if not self._dirty:
            self._dirty = True
            self._flusher.mark(self)

    def flush(self) -> None:
        """Write what was collected."""
        self._dirty = False
        out = self._out
        if not out or self.ended:
            return
        data = b"".join(out)
        out.clear()
        if self.paused:
            self._hold(data)
        else:
            self._transport.write(data)

    def _hold(self, data: bytes) -> None:
        if len(data) > self.limits.max_unwritten:
            self.give_up(ENHANCE_YOUR_CALM, "the peer does not read what it is sent")
            return
        self._out.append(data)

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self.paused = True

    def resume_writing(self) -> None:
        """The transport's buffer has drained."""
        self.paused = False
        if self._out:
            self.mark_dirty()

    def give_up(self, code: int, text: str) -> None:
        """End the connection at once, with what is unwritten lost."""
        raise NotImplementedError
