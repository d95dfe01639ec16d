"""Headers and data as they arrive, held against the states of streams (RFC 9113, 5.1 and 8.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.hpack import HeaderListTooLarge
from wire.http2 import frames
from wire.http2.abuse import Bucket
from wire.http2.control import Control
from wire.http2.error_codes import (
    ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    STREAM_CLOSED,
    ConnectionFault,
    StreamFault,
)
from wire.http2.fields import Fields, check_request, check_response, check_trailers
from wire.http2.frames import CONTINUATION, END_HEADERS, END_STREAM, PADDED, PRIORITY_FLAG
from wire.http2.stream import Stream

if TYPE_CHECKING:
    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher

_HIGHEST_BIT = 0x7FFFFFFF


class Receiving(Control):
    """The receiving half: opens and ends streams, and hands their headers and data on."""

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self.unfinished = 0
        """Closed streams with unfinished work: they count as open ones."""
        self.block_bytes = 0
        """The size of the last header block."""
        self._received = 0
        """Bytes since the last WINDOW_UPDATE of the connection."""
        self._empty_frames = Bucket("too many empty DATA frames", limits.empty_frames)
        # A header block that has begun (section 6.10): stream, flags, self-dependence, pieces.
        self._block: tuple[int, int, bool, list[bytes]] | None = None

    # --- hooks of a subclass

    def headers_received(self, stream_id: int, fields: Fields, end_stream: bool) -> None:  # noqa: FBT001
        """A well-formed header list has arrived. The second one of a stream is its trailers."""

    def headers_read(self, stream: Stream, block: bytes, fields: Fields) -> None:
        """What has arrived was this block."""

    def headers_too_large(self, stream_id: int, end_stream: bool) -> None:  # noqa: ARG002, FBT001
        """A header list is larger than the limit. The stream is open."""
        self.reset_stream(stream_id, ENHANCE_YOUR_CALM)

    def data_received_on(self, stream_id: int, data: bytes, end_stream: bool) -> None:  # noqa: FBT001
        """Data has arrived. Call `acknowledge` when it is consumed."""

    def stream_failed(self, stream_id: int, fault: StreamFault) -> None:
        """The peer broke a rule on a stream. A reset follows this call."""

    # --- what a subclass calls

    def acknowledge(self, stream_id: int, taken: int) -> None:
        """Let the peer send more on a stream: so many of its bytes are taken."""
        stream = self.streams.get(stream_id)
        if stream is None or stream.remote_ended:
            return
        stream.taken += taken
        if stream.taken * 2 >= self.own_window:
            self.write(frames.window_update(stream_id, stream.taken))
            stream.receive_window += stream.taken
            stream.taken = 0

    # --- DATA (section 6.1)

    def _on_data(self, flags: int, stream_id: int, buffer: bytes, start: int, end: int) -> None:
        length = end - start
        self._received += length
        if self._received > self.limits.connection_window:
            raise ConnectionFault(FLOW_CONTROL_ERROR, "more data than the connection's window")
        stream = self.streams.get(stream_id)
        if stream is None or stream.remote_ended or not stream.headers_seen:
            self._refuse_data(stream_id, stream)
            return
        if length > stream.receive_window:
            raise StreamFault(FLOW_CONTROL_ERROR, "more data than the stream's window")
        if flags & PADDED:
            start, end = _unpadded(buffer, start, end)
        data = buffer[start:end]
        ended = flags & END_STREAM
        if stream.content_left >= 0:
            self._count_content(stream, len(data), ended=bool(ended))
        if ended:
            stream.remote_ended = True
            self.data_received_on(stream_id, data, True)  # noqa: FBT003
            if stream.local_ended:
                self._forget(stream)
            return
        stream.receive_window -= length
        if length > len(data):
            self.acknowledge(stream_id, length - len(data))
        if data:
            self.data_received_on(stream_id, data, False)  # noqa: FBT003
        else:
            self._empty_frames.take()

    def _refuse_data(self, stream_id: int, stream: Stream | None) -> None:
        if not self.greeted:
            raise ConnectionFault(PROTOCOL_ERROR, "the first frame is not SETTINGS")
        self._must_not_be_idle(stream_id)
        if stream is not None:
            if stream.remote_ended:
                raise StreamFault(STREAM_CLOSED, "data after the end of its stream")
            raise StreamFault(PROTOCOL_ERROR, "data before headers")
        self._ignore_or_refuse(stream_id)

    def _count_content(self, stream: Stream, length: int, *, ended: bool) -> None:
        stream.content_left -= length
        if stream.content_left < 0 or (ended and stream.content_left):
            raise StreamFault(PROTOCOL_ERROR, "data does not agree with content-length")

    # --- HEADERS and CONTINUATION (sections 6.2 and 6.10)

    def _on_headers(self, flags: int, stream_id: int, payload: bytes) -> None:
        if not stream_id or not self.greeted:
            raise ConnectionFault(PROTOCOL_ERROR, "HEADERS on stream 0, or before SETTINGS")
        on_itself = False
        if flags & (PADDED | PRIORITY_FLAG):
            payload, on_itself = _header_fragment(flags, stream_id, payload)
        if flags & END_HEADERS:
            self._on_block(stream_id, payload, flags & END_STREAM, on_itself=on_itself)
        else:
            self._block = (stream_id, flags, on_itself, [payload])

    def _on_continuation(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        assert self._block is not None  # noqa: S101 - a type checker's hint
        block_stream, first_flags, on_itself, pieces = self._block
        if kind != CONTINUATION or stream_id != block_stream:
            raise ConnectionFault(PROTOCOL_ERROR, "a frame within a header block")
        pieces.append(payload)
        limits = self.limits
        if (
            len(pieces) > limits.max_continuations + 1
            or sum(map(len, pieces)) > limits.max_header_block
        ):
            raise ConnectionFault(ENHANCE_YOUR_CALM, "a header block is too large")
        if flags & END_HEADERS:
            self._block = None
            block = b"".join(pieces)
            self._on_block(stream_id, block, first_flags & END_STREAM, on_itself=on_itself)

    def _on_block(self, stream_id: int, block: bytes, ended: int, *, on_itself: bool) -> None:
        self.block_bytes = len(block)
        # The table changes with each block, so each is decoded, also one that is refused.
        try:
            fields = self.decoder.decode(block)
        except HeaderListTooLarge:
            fields = None
        stream = self.streams.get(stream_id)
        if stream is None:
            if not self.is_server or stream_id <= self.highest_peer_stream:
                self._refuse_headers(stream_id)
                return
            stream = self._open(stream_id)
            if stream is None:
                return
        elif stream.remote_ended:
            raise StreamFault(STREAM_CLOSED, "headers after the end of their stream")
        if on_itself:
            raise StreamFault(PROTOCOL_ERROR, "a stream depends on itself")
        if ended:
            stream.remote_ended = True
        if fields is None:
            stream.headers_seen = True
            self.headers_too_large(stream_id, bool(ended))
        else:
            self._check_fields(stream, fields, ended)
            self.headers_received(stream_id, fields, bool(ended))
            self.headers_read(stream, block, fields)
        if ended and stream.local_ended:
            self._forget(stream)

    def _check_fields(self, stream: Stream, fields: Fields, ended: int) -> None:
        if stream.headers_seen:
            if not ended:
                raise StreamFault(PROTOCOL_ERROR, "trailers do not end their stream")
            check_trailers(fields)
        elif self.is_server:
            stream.headers_seen = True
            stream.headers, stream.content_left = check_request(fields)
        else:
            stream.content_left = check_response(fields)
            # Informational headers come ahead of the real ones (section 8.1).
            stream.headers_seen = fields[0][1][:1] != b"1"
        if ended and stream.content_left > 0:
            raise StreamFault(PROTOCOL_ERROR, "data does not agree with content-length")

    def _open(self, stream_id: int) -> Stream | None:
        if not stream_id & 1:
            raise ConnectionFault(PROTOCOL_ERROR, "a client opens an even stream")
        if self.goaway_last is not None and self._is_unanswered(stream_id):
            return None
        self.highest_peer_stream = stream_id
        if len(self.streams) + self.unfinished >= self.limits.max_concurrent_streams:
            raise StreamFault(REFUSED_STREAM, "more streams than were announced")
        stream = Stream(stream_id, self.peer_initial_window, self.own_window)
        self.streams[stream_id] = stream
        return stream

    def _refuse_headers(self, stream_id: int) -> None:
        self._must_not_be_idle(stream_id)
        if stream_id not in self._reset_here and not self._is_unanswered(stream_id):
            raise ConnectionFault(STREAM_CLOSED, "headers on a closed stream")

    # --- faults

    def _fail_stream(self, stream_id: int, fault: StreamFault) -> None:
        """Reset a stream for a fault of the peer's."""
        if stream_id not in self.streams and self._is_idle(stream_id):
            raise ConnectionFault(fault.code, fault.text)
        # A peer that provokes resets is as costly as one that resets (MadeYouReset).
        self._resets.take()
        if stream_id in self.streams:
            self.stream_failed(stream_id, fault)
        self.reset_stream(stream_id, fault.code)


def _unpadded(buffer: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the payload of a padded frame begins and ends (section 6.1)."""
    if start == end:
        raise ConnectionFault(FRAME_SIZE_ERROR, "a padded frame without a pad length")
    padding = buffer[start]
    if start + 1 + padding > end:
        raise ConnectionFault(PROTOCOL_ERROR, "padding is longer than its frame")
    return start + 1, end - padding


def _header_fragment(flags: int, stream_id: int, payload: bytes) -> tuple[bytes, bool]:
    """The block fragment of HEADERS, and whether the stream depends on itself."""
    start, end = 0, len(payload)
    if flags & PADDED:
        start, end = _unpadded(payload, start, end)
    on_itself = False
    if flags & PRIORITY_FLAG:
        if end - start < 5:  # noqa: PLR2004 - section 6.2
            raise ConnectionFault(FRAME_SIZE_ERROR, "HEADERS are shorter than their priority")
        on_itself = frames.unpack_u32(payload, start)[0] & _HIGHEST_BIT == stream_id
        start += 5
    return payload[start:end], on_itself
