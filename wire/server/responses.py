"""Responses of calls as frames: the usual one in one piece, and all others."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING

from wire.http2.connection import Connection
from wire.http2.error_codes import NO_ERROR
from wire.http2.frames import (
    DATA,
    DEFAULT_MAX_FRAME,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    pack_header,
)

if TYPE_CHECKING:
    from wire.http2.limits import Limits
    from wire.http2.stream import Stream
    from wire.loop.flusher import Flusher
    from wire.protocol.metadata import Field

HEAD = [(b":status", b"200"), (b"content-type", b"application/grpc")]
"""The headers of each response."""
_OK = [(b"grpc-status", b"0")]

# What goes around a message in one frame: a packer, the start of a frame and a header block, each
# of the headers before it and of the trailers behind it.
_Around = tuple[Callable[..., bytes], bytes, bytes, Callable[..., bytes], bytes, bytes]


class Responses(Connection):
    """The responding half of a server's connection."""

    def __init__(self, flusher: Flusher, limits: Limits) -> None:
        super().__init__(flusher, limits)
        self.small_response = min(DEFAULT_MAX_FRAME - 5, limits.max_message_bytes)
        """Bytes of a message that goes with its headers and status in one write."""
        self._frames: _Around
        self._generation = -1

    def send_small_response(self, stream: Stream, message: bytes) -> bool:
        """Send headers, message and status OK. Returns False when the windows do not allow it."""
        # Measured: the whole of a unary response in one piece saves 2 µs of a call.
        length = len(message) + 5
        if (
            length > stream.send_window
            or length > self.send_window
            or length > self.peer_max_frame
            or self.paused
            or stream.queue is not None
        ):
            return False
        self.send_window -= length
        stream_id = stream.id
        around = self._frames if self._generation == self.encoder.generation else self._remember()
        pack_before, head_start, head, pack_behind, okay_start, okay = around
        self._out.append(
            pack_before(head_start, stream_id, head, 0, length, DATA, 0, stream_id, 0, length - 5)
            + message
            + pack_behind(okay_start, stream_id, okay)
        )
        if stream.remote_ended:
            del self.streams[stream_id]
            self.streams_completed += 1
            self.stream_closed(stream)
        else:
            self._end_locally(stream)
        if not self._dirty:
            if len(self.streams) > self.lasting:
                self.mark_dirty()
            else:
                # The last response that is due: waiting for others would only keep it back.
                self._flusher.flush_at_once(self)
        return True

    def _remember(self) -> _Around:
        """Blocks that put the usual headers and trailers into the caller's table."""
        encoder = self.encoder
        first = _frames_around(encoder.remember(HEAD), encoder.remember(_OK))
        self._frames = _frames_around(encoder.prepare(HEAD), encoder.prepare(_OK))
        self._generation = encoder.generation
        return first

    def send_head(self, stream_id: int, fields: list[Field]) -> None:
        """Send the headers of a response."""
        self.send_headers(stream_id, self.encoder.encode([*HEAD, *fields]))

    def send_only_trailers(self, stream_id: int, trailers: list[Field]) -> None:
        """Respond with a status alone."""
        block = self.encoder.encode([*HEAD, *trailers])
        self.send_headers(stream_id, block, end_stream=True)

    def _end_locally(self, stream: Stream) -> None:
        stream.local_ended = True
        if stream.remote_ended:
            self._forget(stream)
        else:
            # The response is complete, so the rest of the request is of no use (RFC 9113, 8.1).
            self.reset_stream(stream.id, NO_ERROR)


def _frames_around(head: bytes, okay: bytes) -> _Around:
    head_start = pack_header(0, len(head), HEADERS, END_HEADERS, 0)[:5]
    okay_start = pack_header(0, len(okay), HEADERS, END_HEADERS | END_STREAM, 0)[:5]
    # Headers, and the beginning of the data: its frame's header, and the prefix of the message.
    pack_before = Struct(f">5sI{len(head)}sBHBBIBI").pack
    pack_behind = Struct(f">5sI{len(okay)}s").pack
    return pack_before, head_start, head, pack_behind, okay_start, okay
