"""The usual response in one step: headers and trailers seen before, one DATA frame between.

A server sends the same header blocks again and again, as indices of an unchanging table. Such a
block, once decoded and found good, is known by its bytes. A response made of such blocks, and
arrived as a whole, is read here. Everything else goes the long way, frame by frame. Without this a
unary call costs its side almost twice as much.
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
    from wire.http2.stream import Stream
    from wire.loop.flusher import Flusher

# Indexed fields only, each of one octet: the table stays as it is (RFC 7541, 6.1).
_is_indexed = re.compile(rb"[\x81-\xfe]+").fullmatch
_WHOLE_END = END_HEADERS | END_STREAM
_MAX_KNOWN = 16


class UsualResponses(Connection):
    """Reads what most responses are made of.

    Attributes:
        answered: headers have come since somebody cleared it.
    """

    _usual: dict[bytes, Fields]
    """The headers at the start of a response."""

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self.answered = False
        self._trailers: dict[bytes, Fields] = {}
        self._usual_since = -1
        """The table's generation in which `_usual` holds."""

    def headers_read(self, stream: Stream, block: bytes, fields: Fields) -> None:
        """Know this block again, if there are only indices in it."""
        generation = self.decoder.generation
        if generation != self._usual_since:
            self._usual_since = generation
            self._usual.clear()
            self._trailers.clear()
        if stream.headers_seen and stream.content_left < 0 and _is_indexed(block):
            known = self._usual if fields[0][0][:1] == b":" else self._trailers
            if len(known) < _MAX_KNOWN:
                known[block] = fields

    def _read_usual(self, stream_id: int, buffer: bytes, start: int, end: int) -> int:
        # One long function with all checks in sight: it runs for each response.
        size = len(buffer)
        stream = self.streams.get(stream_id)
        head = self._usual.get(buffer[start:end])
        if (
            head is None
            or stream is None
            or self.decoder.generation != self._usual_since
            or stream.headers_seen
            or not stream.local_ended
            or end + HEADER_BYTES > size
        ):
            return 0
        high, length, kind, flags, data_stream = unpack_header(buffer, end)
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
        high, low, kind, flags, end_stream = unpack_header(buffer, end)
        message_end = end
        trailers_start = end + HEADER_BYTES
        end = trailers_start + low
        trailers = self._trailers.get(buffer[trailers_start:end])
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
        call.response_received(head, buffer[start:message_end], trailers)
        self.stream_closed(stream)
        return end
