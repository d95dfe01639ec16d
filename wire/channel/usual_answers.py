"""The usual answer without detours: headers and trailers that were seen before, one DATA frame.

A server sends the same header blocks again and again, as indices of a table that does not change.
Such a block, once decoded and found good, is known by its bytes. Everything else goes the long
way, which is `Receiving`'s; this one leaves out nothing that could tell the two apart. Without it
a unary call costs its side more than half as much again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wire.http2.connection import Connection
from wire.http2.frames import END_HEADERS, END_STREAM

if TYPE_CHECKING:
    from wire.http2.fields import Fields
    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher

# Indexed fields only, each of one octet: the table stays as it is (RFC 7541, 6.1).
_is_indexed = re.compile(rb"[\x81-\xfe]+").fullmatch
_WHOLE_END = END_HEADERS | END_STREAM
_MAX_KNOWN = 16
_NO_LENGTH = -1


class UsualAnswers(Connection):
    """Reads what most answers are made of.

    Attributes:
        answered: headers have come since somebody cleared it.
    """

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self.answered = False
        self._known_heads: dict[bytes, Fields] = {}
        self._known_trailers: dict[bytes, Fields] = {}
        self._reading = b""

    def _learn(self, fields: Fields, *, has_length: bool) -> None:
        """The block that is being read has come to these fields, and they are good."""
        block = self._reading
        if not block or has_length:
            return
        known = self._known_heads if fields[0][0][:1] == b":" else self._known_trailers
        if len(known) < _MAX_KNOWN:
            known[block] = fields

    def _on_headers(self, flags: int, stream_id: int, payload: bytes) -> None:
        stream = self.streams.get(stream_id)
        if stream is not None and not stream.remote_ended:
            if flags == END_HEADERS and not stream.headers_seen:
                fields = self._known_heads.get(payload)
                if fields is not None:
                    stream.headers_seen = True
                    self.answered = True
                    stream.call.head_received(fields)
                    return
            elif (
                flags == _WHOLE_END
                and stream.headers_seen
                and stream.local_ended
                and stream.content_left == _NO_LENGTH
            ):
                fields = self._known_trailers.get(payload)
                if fields is not None:
                    del self.streams[stream_id]
                    stream.call.trailers_received(fields)
                    self.stream_closed(stream)
                    return
        self._read_headers(flags, stream_id, payload)

    def _read_headers(self, flags: int, stream_id: int, payload: bytes) -> None:
        if _is_indexed(payload) and flags & ~END_STREAM == END_HEADERS:
            self._reading = payload
        else:
            # It may change the table, and with it what the known ones mean.
            self._reading = b""
            self._known_heads.clear()
            self._known_trailers.clear()
        super()._on_headers(flags, stream_id, payload)

    def _on_data(self, flags: int, stream_id: int, buffer: bytes, start: int, end: int) -> None:
        stream = self.streams.get(stream_id)
        length = end - start
        if (
            flags
            or stream is None
            or not stream.headers_seen
            or stream.remote_ended
            or stream.content_left != _NO_LENGTH
            or not 0 < length <= stream.receive_window
            or self._received + length > self.limits.connection_window
        ):
            super()._on_data(flags, stream_id, buffer, start, end)
            return
        self._received += length
        stream.receive_window -= length
        stream.call.data_received(buffer[start:end])
