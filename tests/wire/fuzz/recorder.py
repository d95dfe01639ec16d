"""A connection without a network: its input, and its recorded output."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from wire.http2.connection import Connection, ConnectionEnd
from wire.http2.fields import Fields
from wire.http2.limits import Limits
from wire.http2.stream import Stream
from wire.loop.flusher import flusher_of

Event = tuple[object, ...]
HEAD = [(b":status", b"200"), (b"content-type", b"application/grpc")]
OK = [(b"grpc-status", b"0")]


class Transport(asyncio.Transport):
    """Records written octets."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Recorder(Connection):
    """A server's connection. It echoes the body of each request."""

    is_server = True

    def __init__(self, limits: Limits) -> None:
        super().__init__(flusher_of(asyncio.get_running_loop()), limits)
        self.events: list[Event] = []
        self.bodies: dict[int, bytes] = {}
        self.transport = Transport()
        self.connection_made(self.transport)

    async def feed(self, pieces: Iterable[bytes]) -> None:
        """Hands pieces over as a network would: none after the connection is closed."""
        for piece in pieces:
            if self.transport.closing:
                break
            self.data_received(piece)
            self.check_bounds()
        await settle()
        self.check_bounds()

    def check_bounds(self) -> None:
        """A peer can make this side hold only a bounded amount."""
        assert len(self.streams) <= self.limits.max_concurrent_streams
        assert len(self._rest) < 9 + 16_384 or self._backlog

    def headers_received(self, stream_id: int, fields: Fields, end_stream: bool) -> None:  # noqa: FBT001
        self.events.append(("headers", stream_id, fields, end_stream))
        if end_stream:
            self._respond(stream_id)

    def data_received_on(self, stream_id: int, data: bytes, end_stream: bool) -> None:  # noqa: FBT001
        self.events.append(("data", stream_id, data, end_stream))
        self.bodies[stream_id] = self.bodies.get(stream_id, b"") + data
        self.acknowledge(stream_id, len(data))
        if end_stream:
            self._respond(stream_id)

    def _respond(self, stream_id: int) -> None:
        self.send_headers(stream_id, self.encoder.encode(HEAD))
        self.send_data(stream_id, self.bodies.get(stream_id, b""))
        self.send_trailers(stream_id, OK)

    def stream_reset(self, stream_id: int, error_code: int) -> None:
        self.events.append(("reset", stream_id, error_code))

    def stream_closed(self, stream: Stream) -> None:
        self.events.append(("closed", stream.id))

    def goaway_received(self, last_stream_id: int, error_code: int, debug: bytes) -> None:
        self.events.append(("goaway", last_stream_id, error_code, debug))

    def ping_acknowledged(self, payload: bytes) -> None:
        self.events.append(("pong", payload))

    def connection_ended(self, reason: ConnectionEnd) -> None:
        self.events.append(("ended", reason.code, reason.text))


async def settle() -> None:
    """Lets the loop run its deferred callbacks."""
    for _ in range(20):
        await asyncio.sleep(0)


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.getMessage()} {record.exc_info}")


@contextmanager
def nothing_is_logged() -> Iterator[None]:
    """Fails if `wire` or asyncio logs an error. Both do so for an exception of ours."""
    handler = _Errors()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
    assert not handler.texts, handler.texts
