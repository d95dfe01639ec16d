"""A server with random responses, from valid ones to noise."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import cast

from tests.wire.conformance import frames
from tests.wire.conformance.frames import SETTINGS_ACK, block, data, headers
from tests.wire.conformance.seen import Seen
from tests.wire.conformance.upstream import GREETING, HEAD, OK

Respond = Callable[[int], tuple[bytes, bool]]
"""Takes a stream. Returns the octets of a response, and True to close the connection after it."""

_FIELDS = [
    *HEAD,
    *OK,
    (b"grpc-status", b"5"),
    (b"grpc-status", b"x"),
    (b"grpc-message", b"%F0%9F%zz"),
    (b"grpc-encoding", b"gzip"),
    (b"content-length", b"3"),
    (b":status", b"103"),
    (b":status", b"503"),
    (b":path", b"/"),
    (b"X-Upper", b"1"),
    (b"x-bin", b"!!"),
    (b"x-long", b"v" * 5000),
    (b"x-line", b"a\r\nb"),
    (b"", b""),
]
_MESSAGES = [
    frames.HELLO,
    frames.HELLO * 2,
    frames.HELLO[:6],
    b"",
    b"\x01" + frames.HELLO[1:],
    b"\x02" + frames.HELLO[1:],
    b"\x00\xff\xff\xff\xff",
    bytes(3000),
]


def honest_response(stream: int) -> tuple[bytes, bool]:
    """A valid response."""
    octets = headers(stream, block(HEAD)) + data(stream, end=False)
    return octets + headers(stream, block(OK), end=True), False


class HostileResponses:
    """Different responses, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311

    def __call__(self, stream: int) -> tuple[bytes, bool]:
        random = self._random
        parts = [self._headers(stream), self._data(stream), self._trailers(stream)]
        if random.random() < 0.6:
            parts = [part for part in parts if random.random() < 0.9]
        for _ in range(random.choice((0, 0, 1, 1, 2, 5))):
            parts.insert(random.randint(0, len(parts)), self._strange_frame(stream))
        if random.random() < 0.1:
            random.shuffle(parts)
        octets = b"".join(parts)
        if random.random() < 0.3:
            return self._damaged(octets), True
        return octets, random.random() < 0.1

    def _fields(self, usual: list[tuple[bytes, bytes]]) -> bytes:
        random = self._random
        fields = [field for field in usual if random.random() < 0.95]
        if random.random() < 0.4:
            fields.insert(random.randint(0, len(fields)), random.choice(_FIELDS))
        return block(fields)

    def _headers(self, stream: int) -> bytes:
        return headers(
            stream,
            self._fields(HEAD),
            end=self._random.random() < 0.05,
            end_headers=self._random.random() < 0.97,
            padding=self._random.choice((None, None, 3)),
        )

    def _data(self, stream: int) -> bytes:
        body = frames.HELLO if self._random.random() < 0.7 else self._random.choice(_MESSAGES)
        return data(stream, body, end=self._random.random() < 0.1)

    def _trailers(self, stream: int) -> bytes:
        return headers(stream, self._fields(OK), end=self._random.random() < 0.95)

    def _strange_frame(self, stream: int) -> bytes:
        random = self._random
        where = random.choice((stream, stream, stream, 0, 1, 2, stream + 2, 2**31 - 1))
        kind = random.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 9, 200))
        length = random.choice((0, 4, 4, 5, 6, 8, 8, 40))
        flags = random.choice((0, 1, 4, 5, 8, 0x20, random.randrange(256)))
        return frames.frame(kind, flags, where, random.randbytes(length))

    def _damaged(self, octets: bytes) -> bytes:
        random = self._random
        damaged = bytearray(octets)
        for _ in range(random.randint(1, 4)):
            if damaged:
                damaged[random.randrange(len(damaged))] = random.randrange(256)
        return bytes(
            damaged[: random.randint(0, len(damaged))] if random.random() < 0.5 else damaged
        )


class _Connection(asyncio.Protocol):
    def __init__(self, upstream: "HostileUpstream") -> None:
        self._upstream = upstream
        self._seen = Seen()
        self._preface = len(frames.PREFACE)
        self._answered: set[int] = set()
        self._unended: dict[bytes, int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: uvloop's are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(GREETING + SETTINGS_ACK)

    def data_received(self, octets: bytes) -> None:
        skipped = min(self._preface, len(octets))
        self._preface -= skipped
        self._seen.feed(octets[skipped:])
        for stream in sorted(self._seen.ended - self._answered):
            self._answered.add(stream)
            self._respond(stream)
        for payload in self._seen.pongs:
            # The call has seen its whole response: it ends now at the latest.
            unended = self._unended.pop(payload, 0)
            if unended:
                self._transport.write(frames.rst_stream(unended))

    def _respond(self, stream: int) -> None:
        octets, closes = self._upstream.respond(stream)
        self._upstream.answered += 1
        payload = stream.to_bytes(8, "big")
        self._unended[payload] = stream
        self._transport.write(octets + frames.ping(payload))
        if closes:
            self._transport.close()


class HostileUpstream:
    """A server on a free port.

    Attributes:
        respond: makes the responses. May be changed at any time.
        answered: number of responses so far.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.answered = 0
        self.port = 0


@asynccontextmanager
async def hostile_upstream(respond: Respond) -> AsyncIterator[HostileUpstream]:
    upstream = HostileUpstream(respond)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(upstream), "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
