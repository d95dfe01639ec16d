"""A server made of frames, for the channel under test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.wire.conformance.frames import (
    HELLO,
    PREFACE,
    SETTINGS_ACK,
    Fields,
    block,
    data,
    headers,
    settings,
)
from tests.wire.conformance.peer import Peer
from tests.wire.conformance.seen import Expectation

HEAD: Fields = [(b":status", b"200"), (b"content-type", b"application/grpc")]
OK: Fields = [(b"grpc-status", b"0")]
GREETING = settings()


def head(stream: int, *more: tuple[bytes, bytes]) -> bytes:
    """The headers of a response."""
    return headers(stream, block([*HEAD, *more]))


def trailers(stream: int, fields: Fields = OK) -> bytes:
    """The end of a response."""
    return headers(stream, block(fields), end=True)


def reply(stream: int, body: bytes = HELLO) -> bytes:
    """A whole response."""
    return head(stream) + data(stream, body, end=False) + trailers(stream)


def request_on(stream: int) -> Expectation:
    """A whole request."""
    return Expectation(f"a request on stream {stream}", lambda seen: stream in seen.ended)


class Upstream:
    """A listener: the test speaks on the first connection, and later ones answer calls.

    Attributes:
        port: where it listens.
        first: the first connection, once there is one.
    """

    def __init__(self, *, split: int) -> None:
        self.first: asyncio.Future[Peer] = asyncio.get_running_loop().create_future()
        self.port = 0
        self._split = split
        self._peers: list[Peer] = []
        self._tasks: list[asyncio.Task[None]] = []

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_first = not self.first.done()
        peer = Peer(reader, writer, split=self._split if is_first else 1 << 20, preface=PREFACE)
        self._peers.append(peer)
        if is_first:
            self.first.set_result(peer)
        else:
            self._tasks.append(asyncio.create_task(self._respond(peer)))

    async def _respond(self, peer: Peer) -> None:
        await peer.send(GREETING + SETTINGS_ACK)
        for stream in range(1, 100, 2):
            await peer.wait_for([request_on(stream)])
            await peer.send(reply(stream))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in self._peers:
            await peer.close()


@asynccontextmanager
async def listening(*, split: int = 1 << 20) -> AsyncIterator[Upstream]:
    """An upstream on a free port."""
    upstream = Upstream(split=split)
    server = await asyncio.start_server(upstream.connected, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        await upstream.close()
