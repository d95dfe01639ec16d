"""A listening socket in a process without a free descriptor."""

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.wire.server.service import METHOD, channel_to, serving
from wire.http2.connection import ConnectionEnd
from wire.server.observer import Refusal


class _Refusals:
    def __init__(self) -> None:
        self.all: asyncio.Queue[tuple[str, Refusal, str]] = asyncio.Queue()

    def connection_opened(self, peer: str) -> None:
        pass

    def connection_ended(self, peer: str, reason: ConnectionEnd) -> None:
        pass

    def connection_refused(self, peer: str, refusal: Refusal, reason: str) -> None:
        self.all.put_nowait((peer, refusal, reason))


async def _echo(request: bytes, context: Any) -> bytes:
    return request


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Leaves this process only the descriptors already open."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as last:
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_running_out_of_descriptors_is_told_and_passes() -> None:
    refusals = _Refusals()
    async with serving("unary_unary", _echo, connection_observer=refusals) as (_, port):
        with socket.socket() as caller:
            with no_descriptors():
                caller.connect(("127.0.0.1", port))
                told = await asyncio.wait_for(refusals.all.get(), 10)
            assert told == ("unknown", Refusal.NOT_ACCEPTED, "Too many open files")
        async with channel_to(port) as channel:
            assert await channel.unary_unary(METHOD)(b"hello", timeout=10) == b"hello"
