"""A server of frames: it gives each call the hostile response named in the request."""

import asyncio
import contextlib
import re
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hpack import Decoder

from tests.resilience.hostile_responses import GOOD, HEAD, HostileResponse, response
from tests.wire.conformance.frames import (
    ACK,
    DATA,
    END_STREAM,
    HEADERS,
    PING,
    PREFACE,
    SETTINGS_ACK,
    block,
    data,
    headers,
    message,
    ping,
    settings,
    window_update,
)

_WATCH = b"/grpc.health.v1.Health/Watch"
_SERVING = message(b"\x08\x01")  # grpc.health.v1.HealthCheckResponse
_NAME = re.compile(rb"hostile-(\d+)$")


def name_of(number: int) -> str:
    """The name to request a response by."""
    return f"hostile-{number}"


class HostileServer:
    """Gives hostile responses by name. Other names get a user.

    Attributes:
        address: where it listens.
        responses: by name. May be changed at any time.
        given: number of responses given, including those to retries.
    """

    def __init__(self, responses: Sequence[HostileResponse]) -> None:
        """Makes a server. It does not listen yet."""
        self.address = ""
        self.responses = responses
        self.given = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until one side closes it."""
        decoder, paths, bodies = Decoder(1 << 20), dict[int, bytes](), dict[int, bytes]()
        # A test cancels this at its end, and asyncio's streams would log it.
        ends = (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)
        with contextlib.suppress(*ends):
            await reader.readexactly(len(PREFACE))
            writer.write(settings() + SETTINGS_ACK)
            while not writer.is_closing():
                header = await reader.readexactly(9)
                kind, flags, stream = struct.unpack_from(">BBI", header, 3)
                payload = await reader.readexactly(int.from_bytes(header[:3], "big"))
                if kind == HEADERS:
                    paths[stream] = dict(decoder.decode(payload, raw=True))[b":path"]
                elif kind == DATA:
                    bodies[stream] = bodies.get(stream, b"") + payload
                    if payload:
                        writer.write(window_update(0, len(payload)))
                elif kind == PING and not flags & ACK:
                    writer.write(ping(payload, ack=True))
                if kind in {HEADERS, DATA} and flags & END_STREAM:
                    self._respond(writer, stream, paths.pop(stream), bodies.pop(stream, b""))
        writer.close()

    def _respond(self, writer: asyncio.StreamWriter, stream: int, path: bytes, body: bytes) -> None:
        if path == _WATCH:
            writer.write(headers(stream, block(HEAD)) + data(stream, _SERVING, end=False))
            return
        name = _NAME.search(body)
        if name is None:
            writer.write(response(GOOD)(stream))
            return
        self.given += 1
        hostile = self.responses[int(name[1])]
        writer.write(hostile.octets(stream))
        if hostile.closes:
            writer.close()


@asynccontextmanager
async def hostile_server(responses: Sequence[HostileResponse] = ()) -> AsyncIterator[HostileServer]:
    """Runs a `HostileServer` on a free port of loopback while the context is open."""
    hostile = HostileServer(responses)
    server = await asyncio.start_server(hostile.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    hostile.address = f"{host}:{port}"
    try:
        yield hostile
    finally:
        server.close()
