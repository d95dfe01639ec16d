"""Load of little cost to its sender: whole calls of known bytes, from its own process."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from testing.waiting import wait_until
from tests.wire.conformance.frames import (
    DATA,
    END_STREAM,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    LARGEST_WINDOW,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    SETTINGS_ACK,
    data,
    headers,
    message,
    ping,
    request,
    settings,
    window_update,
)

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

MOCK_DATA = b"/user.MockUserDataService/GetMockUserData"

_KRITHIK = message(b"\x0a\x07krithik")
_TIMEOUT = (b"grpc-timeout", b"20S")
_GREETING = (
    PREFACE
    + settings({INITIAL_WINDOW_SIZE: LARGEST_WINDOW})
    + window_update(0, LARGEST_WINDOW >> 1)
)
_HEADER = 9


@dataclass(frozen=True, slots=True)
class Load:
    """A load on a server.

    Attributes:
        method: its path.
        connections: number of connections.
        in_flight: calls at once on each of them. A finished call is followed by another.
        source: their source address.
    """

    method: bytes = MOCK_DATA
    connections: int = 1
    in_flight: int = 1
    source: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Counts:
    """The results of the calls so far."""

    _answered: "Synchronized[int]"
    _refused: "Synchronized[int]"

    @property
    def answered(self) -> int:
        """Calls with a response."""
        return self._answered.value

    @property
    def refused(self) -> int:
        """Calls with only a status, or reset."""
        return self._refused.value


@contextmanager
def raw_load(address: str, load: Load) -> Iterator[Counts]:
    """Keeps the calls in flight while the context is open."""
    context = multiprocessing.get_context("spawn")
    counts = Counts(_number(context), _number(context))
    process = context.Process(target=_run, args=(address, load, counts), daemon=True)
    process.start()
    try:
        wait_until(lambda: counts.answered + counts.refused > 0, "the load has begun")
        yield counts
    finally:
        process.kill()
        process.join()


def _number(context: Any) -> "Synchronized[int]":
    return cast("Synchronized[int]", context.Value("q", 0, lock=False))


def _run(address: str, load: Load, counts: Counts) -> None:
    asyncio.run(_send(address, load, counts))


async def _send(address: str, load: Load, counts: Counts) -> None:
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    for _ in range(load.connections):
        await loop.create_connection(
            lambda: _Caller(load, counts), host, int(port), local_addr=(load.source, 0)
        )
    await asyncio.Event().wait()


class _Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: Load, counts: Counts) -> None:
        self._load = load
        self._counts = counts
        self._block = request(_TIMEOUT, path=load.method)
        self._next = 1
        self._rest = b""
        self._with_data: set[int] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(_GREETING + self._calls(self._load.in_flight))

    def _calls(self, count: int) -> bytes:
        streams = range(self._next, self._next + 2 * count, 2)
        self._next += 2 * count
        return b"".join([headers(s, self._block) + data(s, _KRITHIK) for s in streams])

    def data_received(self, received: bytes) -> None:
        buffer, position, over = self._rest + received, 0, 0
        while position + _HEADER <= len(buffer):
            end = position + _HEADER + int.from_bytes(buffer[position : position + 3], "big")
            if end > len(buffer):
                break
            stream = int.from_bytes(buffer[position + 5 : position + 9], "big")
            over += self._frame(
                buffer[position + 3],
                buffer[position + 4],
                stream,
                buffer[position + _HEADER : end],
            )
            position = end
        self._rest = buffer[position:]
        if over:
            self._transport.write(self._calls(over))

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> int:
        """The number of calls ended by a frame."""
        if kind == DATA:
            self._with_data.add(stream)
        elif kind == RST_STREAM or (kind == HEADERS and flags & END_STREAM):
            if stream in self._with_data:
                self._with_data.discard(stream)
                self._counts._answered.value += 1  # noqa: SLF001
            else:
                self._counts._refused.value += 1  # noqa: SLF001
            return 1
        elif kind == SETTINGS and not flags:
            self._transport.write(SETTINGS_ACK)
        elif kind == PING and not flags:
            self._transport.write(ping(payload, ack=True))
        return 0
