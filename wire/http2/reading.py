"""Bytes to frames (RFC 9113, sections 3.4 and 4.1), so many in a turn of the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from wire.hpack import HpackError
from wire.http2 import frames
from wire.http2.error_codes import (
    COMPRESSION_ERROR,
    FRAME_SIZE_ERROR,
    INTERNAL_ERROR,
    NO_ERROR,
    PROTOCOL_ERROR,
    ConnectionFault,
    StreamFault,
)
from wire.http2.frames import (
    CONTINUATION,
    DATA,
    DEFAULT_MAX_FRAME,
    END_HEADERS,
    HEADER_BYTES,
    HEADERS,
    unpack_header,
)
from wire.http2.receiving import Receiving

if TYPE_CHECKING:
    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher

# After so many frames other processes and connections have their turn. Without it they move in
# convoys, at 0.9 times the throughput.
FRAMES_A_TURN = 64
_MAX_BACKLOG = 256 * 1024
_STREAM_MASK = 0x7FFFFFFF

_logger = logging.getLogger(__name__)


class Reading(Receiving):
    """Finds the frames in what arrives, and puts off what is too much for a turn."""

    frames_a_turn = FRAMES_A_TURN

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self.silent = True
        """Nothing has arrived since somebody set it: for timers of silence."""
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._reading_paused = False
        self._preface_due = self.is_server
        self._usual: dict[bytes, Any] = {}
        """What a subclass knows the usual exchange by: a header block, or the start of one."""

    # --- hooks of a subclass

    def _read_usual(self, stream_id: int, buffer: bytes, start: int, end: int) -> int:  # noqa: ARG002
        """Headers have arrived, of one frame, and something is known to be usual.

        Returns:
          The end of the usual exchange that begins with them, once that is read. It returns 0 and
          does nothing where the exchange is not usual, or not all here.
        """
        return 0

    # --- what a subclass does

    def close(self, code: int = NO_ERROR, debug: bytes = b"") -> None:
        """Send GOAWAY and close."""
        raise NotImplementedError

    # --- bytes

    def data_received(self, data: bytes) -> None:
        """Read what has arrived."""
        self.silent = False
        if self._backlog:
            self._put_off(data)
        else:
            self._feed(data)

    def _put_off(self, data: bytes) -> None:
        self._backlog.append(data)
        self._backlog_bytes += len(data)
        if self._backlog_bytes > _MAX_BACKLOG and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def _go_on(self) -> None:
        data = b"".join(self._backlog)
        self._backlog.clear()
        self._backlog_bytes = 0
        self._feed(data)
        self._resume_reading()

    def _resume_reading(self) -> None:
        if (
            self._reading_paused
            and self._backlog_bytes <= _MAX_BACKLOG
            and not self._transport.is_closing()
        ):
            self._reading_paused = False
            self._transport.resume_reading()

    def _feed(self, data: bytes) -> None:
        if self.ended:
            return
        try:
            self._read(data)
        except ConnectionFault as fault:
            self.close(fault.code, fault.text.encode())
        except HpackError as fault:
            self.close(COMPRESSION_ERROR, str(fault).encode())
        except Exception:
            _logger.exception("connection_failed")
            self.close(INTERNAL_ERROR)

    # --- frames

    def _read(self, data: bytes) -> None:  # noqa: C901, PLR0912
        # One long function: it runs for each frame, and a call costs as much as a frame does.
        buffer = self._rest + data if self._rest else data
        size = len(buffer)
        position = 0
        if self._preface_due:
            position = self._read_preface(buffer)
            if not position:
                return
        quota = self.frames_a_turn
        while position + HEADER_BYTES <= size:
            high, low, kind, flags, stream_id = unpack_header(buffer, position)
            if high or low > DEFAULT_MAX_FRAME:
                raise ConnectionFault(FRAME_SIZE_ERROR, self._length_fault(buffer))
            start = position + HEADER_BYTES
            end = start + low
            if end > size:
                break
            if not quota:
                self._read_later(buffer[position:])
                return
            quota -= 1
            stream_id &= _STREAM_MASK
            try:
                if self._block is not None:
                    self._on_continuation(kind, flags, stream_id, buffer[start:end])
                elif kind == DATA:
                    self._on_data(flags, stream_id, buffer, start, end)
                elif kind == HEADERS:
                    whole = 0
                    if flags == END_HEADERS and self._usual:
                        whole = self._read_usual(stream_id, buffer, start, end)
                    if whole:
                        end = whole
                        if quota:
                            quota -= 1
                    else:
                        self._on_headers(flags, stream_id, buffer[start:end])
                elif kind == CONTINUATION:
                    raise ConnectionFault(PROTOCOL_ERROR, "CONTINUATION without HEADERS")
                else:
                    self._on_control(kind, flags, stream_id, buffer[start:end])
            except StreamFault as fault:
                self._fail_stream(stream_id, fault)
            if self.ended:
                return
            position = end
        self._rest = buffer[position:] if position < size else b""
        if self._received * 2 > self.limits.connection_window:
            self.write(frames.window_update(0, self._received))
            self._received = 0

    def _read_later(self, data: bytes) -> None:
        self._rest = b""
        self._backlog.append(data)
        self._backlog_bytes = len(data)
        self._loop.call_soon(self._go_on)

    def _read_preface(self, buffer: bytes) -> int:
        """The position after the preface, or 0 while it is not all here."""
        preface = frames.PREFACE
        if not preface.startswith(buffer[: len(preface)]):
            raise ConnectionFault(PROTOCOL_ERROR, "the client does not speak HTTP/2")
        if len(buffer) < len(preface):
            self._rest = buffer
            return 0
        self._preface_due = False
        return len(preface)

    def _length_fault(self, buffer: bytes) -> str:
        if not self.greeted and buffer.startswith(b"HTTP/1"):
            return "the server speaks HTTP/1"
        return f"a frame is larger than {DEFAULT_MAX_FRAME} bytes"
