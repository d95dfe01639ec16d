"""The usual request in one step: headers of nearly all indices, and one DATA frame.

A caller sends the same fields with each call of a method, as indices of an unchanging table. Behind
them come the few that differ, as values for names of that table. The indices, once decoded and
found good, are known by their bytes. A whole request that begins like a known one is read here.
Everything else goes the long way, frame by frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wire.hpack.table import ENTRY_OVERHEAD, entry_size
from wire.http2.connection import Connection
from wire.http2.fields import PLAIN, good_names
from wire.http2.frames import DATA, DEFAULT_MAX_FRAME, END_STREAM, HEADER_BYTES, unpack_header
from wire.http2.stream import Stream
from wire.protocol.metadata import BINARY_SUFFIX

if TYPE_CHECKING:
    from wire.http2.fields import Fields
    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher
    from wire.server.dispatcher import Dispatcher
    from wire.server.methods import Method
    from wire.server.refusal import RefusalFrames

# Indexed fields, each of one octet (RFC 7541, 6.1).
_indexed_run = re.compile(rb"[\x81-\xfe]*").match
_REQUIRED = (b":method", b":scheme", b":path", b"te", b"content-type")
_MAX_KNOWN = 32
_LONGEST_BLOCK = 256
# Literals that leave the table as it is begin with less (RFC 7541, 6.2.2 and 6.2.3).
_LITERAL_END = 0x20
_INDEX = 0x0F
_CONTINUES = 0x80
# A string in Huffman's code, or a long one, begins with no less.
_UNUSUAL_LENGTH = 0x7F


@dataclass(frozen=True, slots=True, eq=False)
class _Usual:
    """What a known run of indices stands for."""

    method: Method
    headers: dict[bytes, bytes]
    size: int
    """Of the fields, as in `SETTINGS_MAX_HEADER_LIST_SIZE`."""
    content_length: int
    """-1 for none."""
    is_exempt: bool
    """Its calls are handled, whatever else there is to do."""


class UsualRequests(Connection):
    """Reads what most requests are made of."""

    dispatcher: Dispatcher
    refusing: RefusalFrames | None = None
    """The refusal for calls read now."""
    _usual: dict[bytes, _Usual]

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self._usual_since = -1
        """The table's generation in which `_usual` holds."""
        self._last_block = b""

    def begin_usual(
        self, stream: Stream, method: Method, headers: dict[bytes, bytes], data: bytes | None
    ) -> None:
        """A request's headers have arrived, and all of its data if that is not None."""
        raise NotImplementedError

    def note_exempt(self, is_exempt: bool) -> bool:  # noqa: FBT001
        """Remember whether a call is begun although others are refused, and return it.

        It says something of the caller.
        """
        raise NotImplementedError

    def refuse_usual(self, stream_id: int) -> None:
        """A whole request has arrived, and is refused."""
        raise NotImplementedError

    # --- what is usual

    def headers_read(self, stream: Stream, block: bytes, fields: Fields) -> None:
        """Know this block again, or its start, if it left the table as the one before did."""
        generation = self.decoder.generation
        if generation != self._usual_since:
            self._usual_since = generation
            self._usual.clear()
            self._last_block = b""
        elif stream.call is not None and len(block) <= _LONGEST_BLOCK:
            self._learn(block, stream, fields)

    def _learn(self, block: bytes, stream: Stream, fields: Fields) -> None:
        run = _indexed_run(block).group()  # type: ignore[union-attr]
        table = self.decoder.table
        indexed = [table[octet - _CONTINUES] for octet in run]
        headers = dict(indexed)
        if all(name in headers for name in _REQUIRED):
            self._keep(run, headers, indexed)
        elif block == self._last_block:
            # Some callers have no :path in the table. Their blocks are the same as a whole.
            self._keep(block, stream.headers, fields)
        self._last_block = block

    def _keep(self, key: bytes, headers: dict[bytes, bytes], fields: Fields) -> None:
        method = self.dispatcher.methods.registered(headers[b":path"])
        if (
            method is None
            or len(headers) < len(fields)
            or any(name.endswith(BINARY_SUFFIX) for name in headers)
            or headers[b"content-type"] != b"application/grpc"
        ):
            return
        if len(self._usual) >= _MAX_KNOWN:
            self._usual.clear()
        length = int(headers.get(b"content-length", -1))
        size = sum(map(entry_size, fields))
        is_exempt = self.dispatcher.is_exempt(method.path)
        self._usual[key] = _Usual(method, headers, size, length, is_exempt)

    # --- requests

    def _read_usual(self, stream_id: int, buffer: bytes, start: int, end: int) -> int:
        # One long function with all checks in sight: it runs for each request.
        literals = _indexed_run(buffer, start, end).end()  # type: ignore[union-attr]
        usual = self._usual.get(buffer[start:literals])
        if usual is None:
            usual = self._usual.get(buffer[start:end])
            literals = end
        if (
            usual is None
            or self.decoder.generation != self._usual_since
            or not stream_id & 1
            or stream_id <= self.highest_peer_stream
            or self.goaway_last is not None
            or len(self.streams) + self.unfinished >= self.limits.max_concurrent_streams
        ):
            return 0
        headers = usual.headers
        if literals < end:
            headers = self._with_literals(usual, buffer, literals, end)
            if not headers:
                return 0
        if self.refusing is not None and not self.note_exempt(usual.is_exempt):
            # No stream and no call: refusing has to cost much less than responding.
            data_end = self._end_of_data(stream_id, buffer, end, usual.content_length)
            if data_end:
                self.highest_peer_stream = stream_id
                self.refuse_usual(stream_id)
            return data_end
        self.highest_peer_stream = stream_id
        self.block_bytes = end - start
        stream = Stream(stream_id, self.peer_initial_window, self.own_window)
        stream.headers_seen = True
        self.streams[stream_id] = stream
        data_end = self._end_of_data(stream_id, buffer, end, usual.content_length)
        if not data_end:
            stream.content_left = usual.content_length
            self.begin_usual(stream, usual.method, headers, None)
            return end
        stream.remote_ended = True
        self.begin_usual(stream, usual.method, headers, buffer[end + HEADER_BYTES : data_end])
        return data_end

    def _end_of_data(
        self, stream_id: int, buffer: bytes, position: int, content_length: int
    ) -> int:
        """The end of the stream's one DATA frame at `position`, or 0 without one."""
        start = position + HEADER_BYTES
        if start > len(buffer):
            return 0
        high, length, kind, flags, data_stream = unpack_header(buffer, position)
        end: int = start + length
        if (
            data_stream != stream_id
            or kind != DATA
            or flags != END_STREAM
            or high
            or end > len(buffer)
            or length > DEFAULT_MAX_FRAME
            or length > self.own_window
            or self._received + length > self.limits.connection_window
            or content_length not in (-1, length)
        ):
            return 0
        self._received += length
        return end

    def _with_literals(
        self, usual: _Usual, buffer: bytes, position: int, end: int
    ) -> dict[bytes, bytes]:
        """The headers: those of the indices, and the literals behind them. Empty if unusual."""
        headers = usual.headers.copy()
        table = self.decoder.table
        room = self.limits.max_header_list - usual.size
        try:
            while position < end:
                octet = buffer[position]
                if octet >= _LITERAL_END:
                    return {}
                index = octet & _INDEX
                position += 1
                if index == _INDEX:
                    octet = buffer[position]
                    index += octet
                    position += 1
                    if octet >= _CONTINUES:
                        return {}
                octet = buffer[position]
                position += 1
                if not index < len(table) or octet >= _UNUSUAL_LENGTH:
                    return {}
                value = buffer[position : position + octet]
                position += octet
                name = table[index][0]
                if (
                    name not in good_names
                    or name in headers
                    or name.endswith(BINARY_SUFFIX)
                    or not (value.isalnum() or not value.translate(None, PLAIN))
                ):
                    return {}
                headers[name] = value
                room -= len(name) + octet + ENTRY_OVERHEAD
        except IndexError:
            # The block ends within a field, and so does all that has arrived.
            return {}
        return headers if position == end and room >= 0 else {}
