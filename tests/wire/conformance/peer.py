"""The other end of a connection: sends a case's octets and collects the reaction."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from tests.wire.conformance.seen import Expectation, Seen

TIME = 10.0
"""Seconds to wait for an expected event."""

_WHOLE = 1 << 16


class Peer:
    """One end of a connection, the client's or the server's."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        split: int = _WHOLE,
        preface: bytes = b"",
    ) -> None:
        self.seen = Seen()
        self._writer = writer
        self._split = split
        self._preface = preface
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._read(reader))

    async def send(self, octets: bytes) -> None:
        """Sends octets in pieces of this peer's size.

        The loop turns between the pieces, so the other end reads each by itself.
        """
        for start in range(0, len(octets), self._split):
            with suppress(ConnectionError):
                self._writer.write(octets[start : start + self._split])
                await asyncio.sleep(0)
                await asyncio.sleep(0)

    async def send_all(self, octets: bytes) -> None:
        """Sends octets at once, and waits while the other end does not read."""
        with suppress(ConnectionError):
            self._writer.write(octets)
            await self._writer.drain()

    def stop_reading(self) -> None:
        """Lets the other end's octets pile up."""
        self._task.cancel()

    def forget(self, stream: int) -> None:
        """Drops further data of a stream."""
        self.seen.forget(stream)

    async def wait_for(self, expected: Iterable[Expectation]) -> Expectation:
        """Waits until one of the expectations is met.

        Raises:
            AssertionError: none was met within `TIME`, or before the end of the connection.
        """
        expected = tuple(expected)
        with suppress(TimeoutError):
            async with asyncio.timeout(TIME):
                while True:
                    self._news.clear()
                    for one in expected:
                        if one.met(self.seen):
                            return one
                    if self.seen.closed:
                        break
                    await self._news.wait()
        wanted = " or ".join(one.text for one in expected)
        raise AssertionError(f"wanted {wanted}; saw {self.seen}")

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            assert await reader.readexactly(len(self._preface)) == self._preface
            while octets := await reader.read(_WHOLE):
                self.seen.feed(octets)
                self._news.set()
        self.seen.closed = True
        self._news.set()


@asynccontextmanager
async def connected(
    port: int, *, split: int = _WHOLE, receive_buffer: int | None = None
) -> AsyncIterator[Peer]:
    """A connected peer. It has sent nothing yet."""
    connection = socket.socket(proto=socket.IPPROTO_TCP)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(0)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection)
    peer = Peer(reader, writer, split=split)
    try:
        yield peer
    finally:
        await peer.close()
