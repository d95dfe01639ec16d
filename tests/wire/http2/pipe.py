"""Two connections, one of each role, and a test between them."""

import asyncio
from typing import Any

from wire.http2.connection import Connection, ConnectionEnd
from wire.http2.limits import Limits
from wire.loop.flusher import flusher_of

_QUIET_TURNS = 30

REQUEST = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/")]


class Transport:
    """Keeps written octets until the test passes them on."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False
        self.reading = True

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def take(self) -> bytes:
        data = b"".join(self.written)
        self.written.clear()
        return data


class End(Connection):
    """An end of a connection with a record of events."""

    is_server = False

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(flusher_of(asyncio.get_running_loop()), limits or Limits())
        self.transport = Transport()
        self.headers: list[tuple[int, Any, bool]] = []
        self.data: dict[int, bytearray] = {}
        self.writable: list[int] = []
        self.closed: list[int] = []
        self.reasons: list[ConnectionEnd] = []
        self.takes = True
        transport: Any = self.transport
        self.connection_made(transport)

    def headers_received(self, stream_id: int, fields: Any, end_stream: bool) -> None:  # noqa: FBT001
        self.headers.append((stream_id, fields, end_stream))

    def data_received_on(self, stream_id: int, data: bytes, end_stream: bool) -> None:  # noqa: FBT001
        self.data.setdefault(stream_id, bytearray()).extend(data)
        if self.takes:
            self.acknowledge(stream_id, len(data))

    def stream_writable(self, stream_id: int) -> None:
        self.writable.append(stream_id)

    def stream_closed(self, stream: Any) -> None:
        self.closed.append(stream.id)

    def connection_ended(self, reason: ConnectionEnd) -> None:
        self.reasons.append(reason)


class ServerEnd(End):
    is_server = True


async def exchange(client: End, server: End, *, turns: int = 200) -> None:
    """Passes on octets in both directions until neither side has any."""
    quiet = 0
    for _ in range(turns):
        await asyncio.sleep(0)
        there, back = client.transport.take(), server.transport.take()
        if there:
            server.data_received(there)
        if back:
            client.data_received(back)
        quiet = 0 if there or back else quiet + 1
        # An end reads arrived octets over several turns, and is silent meanwhile.
        if quiet > _QUIET_TURNS:
            return
