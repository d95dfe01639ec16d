"""An HTTP/2 connection, the base of both roles (RFC 9113).

A subclass sets `is_server`, overrides the hooks ("hooks of a subclass", here and in the bases)
and calls what the bases offer ("what a subclass calls"). Hooks are synchronous and run while
bytes are read. An exception in a hook ends the connection with INTERNAL_ERROR.

The bases, lowest first: `Output` (bytes), `Sending` (streams and the peer's windows), `Control`
(SETTINGS, PING, GOAWAY…), `Receiving` (headers and data) and `Reading` (bytes to frames).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from wire.http2 import frames, settings
from wire.http2.error_codes import NO_ERROR, name_of
from wire.http2.reading import Reading

if TYPE_CHECKING:
    import asyncio

    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher

# What a peer may take to read the GOAWAY and close its side.
_CLOSING_TIME = 1.0


@dataclass(frozen=True, slots=True)
class ConnectionEnd:
    """Why a connection ended."""

    code: int
    """The error code of this side's GOAWAY, NO_ERROR if there was none."""
    text: str
    by_peer: bool
    """The peer closed, or the network did."""


class Connection(Reading):
    """The life of a connection: its greeting, its ways to end, and why it has ended."""

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self.end: ConnectionEnd | None = None

    # --- hooks of a subclass

    def connection_ended(self, reason: ConnectionEnd) -> None:
        """The connection is over, once. Its streams are still in `streams`."""

    # --- what a subclass calls

    def send_goaway(self, last_stream_id: int, code: int = NO_ERROR, debug: bytes = b"") -> None:
        """Announce that streams above the last one are not processed."""
        self.write(frames.goaway(last_stream_id, code, debug))
        if last_stream_id != frames.LARGEST_STREAM:
            self.goaway_last = last_stream_id

    def close(self, code: int = NO_ERROR, debug: bytes = b"") -> None:
        """Send GOAWAY and close: what is written still leaves, what is queued does not."""
        if self.ended:
            return
        self.send_goaway(self.highest_peer_stream, code, debug)
        self.paused = False
        self._waiting.clear()
        self.flush()
        text = debug.decode("utf-8", "replace") or name_of(code)
        self._end(ConnectionEnd(code, text, by_peer=False))
        self._close_softly()

    def _close_softly(self) -> None:
        # Closing with bytes unread would reset the connection, and take from the peer what it has
        # not read yet. So only this side is closed. The peer closes when it has read all.
        try:
            if self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()
        except (OSError, RuntimeError):
            # The peer was quicker. asyncio and uvloop say so in their own ways.
            self._transport.abort()
        # A peer that reads nothing must not keep the socket.
        self._loop.call_later(_CLOSING_TIME, self._transport.abort)

    def abort(self) -> None:
        """Close the socket at once."""
        self.give_up(NO_ERROR, "the connection was aborted")
        self._transport.abort()

    def give_up(self, code: int, text: str) -> None:
        """End the connection at once, with what is unwritten lost."""
        if not self.ended:
            self._end(ConnectionEnd(code, text, by_peer=False))
            self._transport.abort()

    # --- the life of the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the preface and the SETTINGS (section 3.4)."""
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self.write(self._greeting())

    def _greeting(self) -> bytes:
        limits = self.limits
        own = {
            settings.INITIAL_WINDOW_SIZE: limits.initial_window,
            settings.MAX_HEADER_LIST_SIZE: limits.max_header_list,
        }
        if self.is_server:
            own[settings.MAX_CONCURRENT_STREAMS] = limits.max_concurrent_streams
            greeting = frames.settings_frame(own)
        else:
            own[settings.ENABLE_PUSH] = 0
            greeting = frames.PREFACE + frames.settings_frame(own)
        wider = limits.connection_window - frames.DEFAULT_WINDOW
        return greeting + frames.window_update(0, wider) if wider > 0 else greeting

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is closed. What has arrived before counts, also what was put off."""
        self._reading_paused = False
        while self._backlog and not self.ended:
            self._go_on()
        text = "the peer closed the connection" if exc is None else str(exc)
        self._end(ConnectionEnd(NO_ERROR, text, by_peer=True))

    def _end(self, reason: ConnectionEnd) -> None:
        if self.ended:
            return
        self.ended = True
        self.end = reason
        self._backlog.clear()
        self.connection_ended(reason)
