"""The usual answer in one step: headers and trailers that came before, one DATA frame between.

A server sends the same header blocks again and again, as indices of a table that does not change.
Such a block, once decoded and found good, is known by its bytes. An answer that has arrived as a
whole, and is made of such blocks, is read here. Everything else goes the long way, frame by frame.
Without this a unary call costs its side almost twice as much.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wire.http2.connection import Connection
from wire.http2.frames import (
    DATA,
    DEFAULT_MAX_FRAME,
    END_HEADERS,
    END_STREAM,
    HEADER_BYTES,
    HEADERS,
    unpack_header,
)

if TYPE_CHECKING:
    from wire.http2.fields import Fields
    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher

# Indexed fields only, each of one octet: the table stays as it is (RFC 7541, 6.1).
_is_indexed = re.compile(rb"[\x81-\xfe]+").fullmatch
_WHOLE_END = END_HEADERS | END_STREAM
_MAX_KNOWN = 16
# Three frame headers, and one octet at least in each.
_SHORTEST = 3 * HEADER_BYTES + 3
# After so many, other processes and connections have their turn, as everywhere (`Connection`).
_ANSWERS_A_TURN = 32


class UsualAnswers(Connection):
    """Reads what most answers are made of.

    Attributes:
        answered: headers have come since somebody cleared it.
    """

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self.answered = False
        self._heads: dict[bytes, Fields] = {}
        self._trailers: dict[bytes, Fields] = {}
        self._reading = b""

    # --- what is usual

    def _on_headers(self, flags: int, stream_id: int, payload: bytes) -> None:
        if _is_indexed(payload) and flags & ~END_STREAM == END_HEADERS:
            self._reading = payload
        else:
            # It may change the table, and with it what the known ones mean.
            self._reading = b""
            self._heads.clear()
            self._trailers.clear()
        super()._on_headers(flags, stream_id, payload)

    def _learn(self, fields: Fields, *, has_length: bool) -> None:
        """The block that is being read has come to these fields, and they are good."""
        block = self._reading
        if not block or has_length:
            return
        known = self._heads if fields[0][0][:1] == b":" else self._trailers
        if len(known) < _MAX_KNOWN:
            known[block] = fields

    # --- answers

    def _read(self, data: bytes) -> None:
        position = 0
        if self._trailers and not self._rest and self._block is None:
            for _ in range(_ANSWERS_A_TURN):
                end = self._read_answer(data, position)
                if not end:
                    break
                position = end
            else:
                self._read_later(data[position:])
                return
            if self.ended:
                return
        # Also where nothing is left: it gives window back.
        super()._read(data[position:] if position else data)

    def _read_answer(self, data: bytes, position: int) -> int:
        """Read an answer, and return its end; 0, having done nothing, where it is not the usual."""
        # One long function with all checks in sight: it runs for each answer.
        size = len(data)
        if position + _SHORTEST > size:
            return 0
        high, low, kind, flags, stream_id = unpack_header(data, position)
        start = position + HEADER_BYTES
        end: int = start + low
        stream = self.streams.get(stream_id)
        head = self._heads.get(data[start:end])
        if (
            head is None
            or stream is None
            or high
            or kind != HEADERS
            or flags != END_HEADERS
            or stream.headers_seen
            or not stream.local_ended
            or end + HEADER_BYTES > size
        ):
            return 0
        high, length, kind, flags, data_stream = unpack_header(data, end)
        start = end + HEADER_BYTES
        end = start + length
        if (
            high
            or not 0 < length <= stream.receive_window
            or length > DEFAULT_MAX_FRAME
            or self._received + length > self.limits.connection_window
            or kind != DATA
            or flags
            or data_stream != stream_id
            or end + HEADER_BYTES > size
        ):
            return 0
        high, low, kind, flags, end_stream = unpack_header(data, end)
        message_end = end
        trailers_start = end + HEADER_BYTES
        end = trailers_start + low
        trailers = self._trailers.get(data[trailers_start:end])
        if (
            trailers is None
            or high
            or kind != HEADERS
            or flags != _WHOLE_END
            or end_stream != stream_id
            or end > size
        ):
            return 0
        self._received += length
        self.answered = True
        del self.streams[stream_id]
        call = stream.call
        call.head_received(head)
        call.data_received(data[start:message_end])
        call.trailers_received(trailers)
        self.stream_closed(stream)
        return end
