"""The h2 package as a plain HTTP/2 client of a server of wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    PingAckReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

from tests.wire.interop.echo import PATH, wire_server


class _Client:
    """One connection, with every frame from the test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.h2 = H2Connection(H2Configuration(header_encoding=None))
        self.heads: dict[int, dict[bytes, bytes]] = {}
        self.bodies: dict[int, bytes] = {}
        self.trailers: dict[int, dict[bytes, bytes]] = {}
        self.ended: set[int] = set()
        self.pings: list[bytes] = []
        self._reader = reader
        self._writer = writer
        self.h2.initiate_connection()

    def request(self, stream_id: int, method: str) -> None:
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", PATH + method),
            (":authority", "test"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
        self.h2.send_headers(stream_id, headers)

    async def exchange(self) -> None:
        """Sends pending octets, and reads arriving ones."""
        self._writer.write(self.h2.data_to_send())
        await self._writer.drain()
        for event in self.h2.receive_data(await self._reader.read(65536)):
            if isinstance(event, ResponseReceived):
                self.heads[event.stream_id] = _fields(event.headers)
            elif isinstance(event, DataReceived):
                before = self.bodies.get(event.stream_id, b"")
                self.bodies[event.stream_id] = before + event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, TrailersReceived):
                self.trailers[event.stream_id] = _fields(event.headers)
            elif isinstance(event, StreamEnded | StreamReset):
                self.ended.add(event.stream_id)
            elif isinstance(event, PingAckReceived):
                self.pings.append(event.ping_data)
        self._writer.write(self.h2.data_to_send())

    async def until_ended(self, *stream_ids: int) -> None:
        while not self.ended.issuperset(stream_ids):
            await self.exchange()


@asynccontextmanager
async def _connected() -> AsyncIterator[_Client]:
    async with wire_server() as target:
        host, _, port = target.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        yield _Client(reader, writer)
        writer.close()
        await writer.wait_closed()


def _fields(headers: Any) -> dict[bytes, bytes]:
    return {bytes(name): bytes(value) for name, value in headers}


def _framed(message: bytes) -> bytes:
    return b"\x00" + len(message).to_bytes(4, "big") + message


async def test_a_call_byte_by_byte_is_answered() -> None:
    async with _connected() as client:
        client.request(1, "Unary")
        for byte in _framed(b"request"):
            client.h2.send_data(1, bytes((byte,)), pad_length=3)
        client.h2.end_stream(1)
        await client.until_ended(1)

        assert client.heads[1][b":status"] == b"200"
        assert client.heads[1][b"content-type"].startswith(b"application/grpc")
        assert client.bodies[1] == _framed(b"request")
        assert client.trailers[1][b"grpc-status"] == b"0"


async def test_streams_that_overlap_are_answered_each() -> None:
    async with _connected() as client:
        streams = range(1, 41, 2)
        for stream_id in streams:
            client.request(stream_id, "Unary")
        for stream_id in reversed(streams):
            client.h2.send_data(stream_id, _framed(b"%d" % stream_id), end_stream=True)
        await client.until_ended(*streams)

        assert client.bodies == {each: _framed(b"%d" % each) for each in streams}


async def test_a_reset_stream_leaves_others_alone() -> None:
    async with _connected() as client:
        client.request(1, "Hang")
        client.h2.send_data(1, _framed(b""), end_stream=True)
        client.request(3, "Unary")
        client.h2.reset_stream(1, error_code=8)
        client.h2.send_data(3, _framed(b"three"), end_stream=True)
        await client.until_ended(3)

        assert client.bodies == {3: _framed(b"three")}


async def test_a_ping_is_answered() -> None:
    async with _connected() as client:
        client.h2.ping(b"12345678")
        while not client.pings:
            await client.exchange()

        assert client.pings == [b"12345678"]


async def test_a_narrow_window_is_kept_to() -> None:
    async with _connected() as client:
        client.h2.update_settings({4: 10})
        client.request(1, "Unary")
        client.h2.send_data(1, _framed(b"0123456789" * 10), end_stream=True)
        # The h2 package would refuse data beyond the window.
        await client.until_ended(1)

        assert client.bodies[1] == _framed(b"0123456789" * 10)
