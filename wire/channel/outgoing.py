"""Requests on their way out: header blocks, streams, and what has left this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wire.channel.request_headers import RequestHeaders
from wire.channel.usual_responses import UsualResponses
from wire.http2.frames import DATA, END_HEADERS, END_STREAM, HEADERS, LARGEST_STREAM, pack_header
from wire.http2.stream import Stream

if TYPE_CHECKING:
    from wire.channel.exchange import Exchange
    from wire.http2.limits import Limits
    from wire.loop.flusher import Flusher
    from wire.protocol.metadata import Field

_LAST_STREAM = LARGEST_STREAM - 2


class Outgoing(UsualResponses):
    """Opens streams.

    Attributes:
        written_id: streams from this one on have not been written yet.
        is_watched: somebody checks whether the server responds.
    """

    def __init__(self, flusher: Flusher, limits: Limits, fixed_fields: list[Field]) -> None:
        super().__init__(flusher, limits)
        self.written_id = 1
        self.is_watched = False
        self._headers = RequestHeaders(self.encoder, fixed_fields)

    # --- hooks of a subclass

    def watch(self) -> None:
        """A stream was opened, and nobody checks whether the server responds."""

    def numbers_used_up(self) -> None:
        """The last stream number is taken."""

    # --- what a subclass calls

    def send_request(
        self,
        exchange: Exchange,
        path: bytes,
        timeout: bytes | None,
        metadata: list[Field],
        message: bytes,
    ) -> int:
        """Open a stream with a request of one message. The caller has made sure of room.

        Args:
            exchange: receives the response.
            path: of the method.
            timeout: the value of `grpc-timeout`.
            metadata: further fields.
            message: framed.

        Returns:
            The stream's id.
        """
        stream = self._open_stream(exchange)
        stream_id = stream.id
        block = self._headers.block(path, timeout, metadata)
        size = len(message)
        length = len(block)
        room = self.peer_max_frame
        if (
            size > stream.send_window
            or size > self.send_window
            or size > room
            or length > room
            or self.paused
        ):
            self.send_headers(stream_id, block)
            self.send_data(stream_id, message, end_stream=True)
            return stream_id
        # The usual case in one piece: two frames cost one write.
        self.send_window -= size
        stream.local_ended = True
        self._out.append(
            pack_header(length >> 16, length & 0xFFFF, HEADERS, END_HEADERS, stream_id)
            + block
            + pack_header(size >> 16, size & 0xFFFF, DATA, END_STREAM, stream_id)
            + message
        )
        if not self._dirty:
            if len(self.streams) > self.lasting + 1:
                self.mark_dirty()
            else:
                # The only request that is under way: waiting for others would only keep it back.
                self.flush()
        return stream_id

    def open_request(
        self, exchange: Exchange, path: bytes, timeout: bytes | None, metadata: list[Field]
    ) -> int:
        """Open a stream with a request's headers. `send_data` sends its messages."""
        stream_id = self._open_stream(exchange).id
        self.send_headers(stream_id, self._headers.block(path, timeout, metadata))
        return stream_id

    def _open_stream(self, exchange: Exchange) -> Stream:
        stream_id = self.next_stream_id
        self.next_stream_id = stream_id + 2
        stream = Stream(stream_id, self.peer_initial_window, self.own_window)
        stream.call = exchange
        if exchange.lasts:
            self.lasting += 1
        self.streams[stream_id] = stream
        if not self.is_watched:
            self.watch()
        if stream_id >= _LAST_STREAM:
            self.numbers_used_up()
        return stream

    def flush(self) -> None:
        """Write the collected frames, and note their requests as written."""
        super().flush()
        if not self._out:
            self.written_id = self.next_stream_id
