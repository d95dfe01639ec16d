"""A server under a test's script, by the h2 package or byte by byte."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, PingReceived, RequestReceived, StreamEnded, StreamReset

HEAD = [(b":status", b"200"), (b"content-type", b"application/grpc")]
OK = [(b"grpc-status", b"0")]


def framed(message: bytes) -> bytes:
    """A message in gRPC's wire format."""
    return b"\x00" + len(message).to_bytes(4, "big") + message


class Request:
    """The received parts of one stream."""

    def __init__(self, stream_id: int, headers: dict[bytes, bytes]) -> None:
        self.stream_id = stream_id
        self.headers = headers
        self.body = b""
        self.ended = asyncio.Event()
        self.reset_code: int | None = None


class Peer(asyncio.Protocol):
    """One connection of a client."""

    transport: asyncio.Transport

    def __init__(self, script: Callable[["Peer"], Awaitable[None]]) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.requests: dict[int, Request] = {}
        self.pings = 0
        self.is_deaf = False
        self._has_greeted = False
        self._early = b""
        self.takes_data = True
        self.changed = asyncio.Event()
        self.lost = asyncio.Event()
        self._new: asyncio.Queue[Request] = asyncio.Queue()
        self._script = script
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        await self._script(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self.changed.set()

    def data_received(self, data: bytes) -> None:
        if self.is_deaf or not self._has_greeted:
            # Earlier octets are read together with the SETTINGS.
            self._early += b"" if self.is_deaf else data
            self.changed.set()
            return
        for event in self.h2.receive_data(data):
            self._take(event)
        self.flush()
        self.changed.set()

    def _take(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            request = Request(event.stream_id, dict(event.headers))
            self.requests[event.stream_id] = request
            self._new.put_nowait(request)
        elif isinstance(event, DataReceived):
            self.requests[event.stream_id].body += event.data
            if self.takes_data:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            self.requests[event.stream_id].ended.set()
        elif isinstance(event, StreamReset):
            self.requests[event.stream_id].reset_code = int(event.error_code)
        elif isinstance(event, PingReceived):
            self.pings += 1

    def stop(self) -> None:
        """Ends the script and the connection."""
        if self._task is not None:
            self._task.cancel()
            self.transport.abort()

    def flush(self) -> None:
        """Sends the h2 package's pending octets."""
        data = self.h2.data_to_send()
        if data and not self.is_deaf:
            self.transport.write(data)

    def raw(self, data: bytes) -> None:
        """Sends bytes unchanged."""
        self.flush()
        self.transport.write(data)

    def greet(self) -> None:
        """Sends the SETTINGS."""
        self.h2.initiate_connection()
        self.flush()
        self._has_greeted = True
        early, self._early = self._early, b""
        if early:
            self.data_received(early)

    async def request(self) -> Request:
        """Waits for the next whole request."""
        request = await self._new.get()
        await request.ended.wait()
        return request

    async def opened(self) -> Request:
        """Waits for the headers of the next request."""
        return await self._new.get()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until the received octets make a condition true."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    def respond(
        self,
        request: Request,
        message: bytes | None = b"response",
        trailers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Responds with one message, or with headers only."""
        self.h2.send_headers(request.stream_id, HEAD)
        if message is not None:
            self.h2.send_data(request.stream_id, framed(message))
        self.h2.send_headers(request.stream_id, trailers or OK, end_stream=True)
        self.flush()

    def refuse(self, request: Request, *fields: tuple[bytes, bytes]) -> None:
        """Responds with trailers only."""
        self.h2.send_headers(request.stream_id, [*HEAD, *fields], end_stream=True)
        self.flush()


async def respond_to_all(peer: Peer) -> None:
    """A script: answers each request."""
    peer.greet()
    while True:
        peer.respond(await peer.request())


class ScriptedServer:
    """Listens, and runs a script for each connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.target = f"127.0.0.1:{port}"
        self.peers: list[Peer] = []


@contextmanager
def reserved_port() -> Iterator[int]:
    """A reserved port. It refuses connections until `serving` serves on it."""
    with socket.socket() as reserving:
        reserving.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserving.bind(("127.0.0.1", 0))
        yield int(reserving.getsockname()[1])


@asynccontextmanager
async def serving(
    *scripts: Callable[[Peer], Awaitable[None]], port: int = 0
) -> AsyncIterator[ScriptedServer]:
    """Serves each connection by the next script. The last script serves all later ones."""
    loop = asyncio.get_running_loop()
    made: list[Peer] = []

    def connect() -> Peer:
        peer = Peer(scripts[min(len(made), len(scripts) - 1)])
        made.append(peer)
        return peer

    listener = await loop.create_server(connect, "127.0.0.1", port, reuse_port=bool(port))
    server = ScriptedServer(listener.sockets[0].getsockname()[1])
    server.peers = made
    try:
        yield server
    finally:
        listener.close()
        for peer in made:
            peer.stop()
