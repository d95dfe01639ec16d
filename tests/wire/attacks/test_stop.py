"""A server under attack still stops in time."""

import asyncio
from collections.abc import Iterator
from itertools import repeat
from time import perf_counter

import pytest

from tests.wire.attacks.attacker import flood, greet
from tests.wire.conformance.echo import handlers
from tests.wire.conformance.frames import (
    INITIAL_WINDOW_SIZE,
    PREFACE,
    call,
    data,
    headers,
    message,
    ping,
    request,
    window_update,
)
from tests.wire.conformance.peer import connected
from wire.server import server

GRACE = 0.3
MARGIN = 2.0
LONG_GRACE = 30.0
HOLD = request(path=b"/test.Echo/Hold")

PEERS: dict[str, tuple[tuple[int, int], bytes, Iterator[bytes]]] = {
    "that waits for nothing": ((3, 100), b"", repeat(b"", 0)),
    "whose call is never answered": ((3, 100), headers(1, HOLD) + data(1), repeat(b"", 0)),
    "whose call has no request": ((3, 100), headers(1, request()), repeat(b"", 0)),
    "that takes no response": ((INITIAL_WINDOW_SIZE, 0), call(), repeat(b"", 0)),
    "in the middle of a header block": (
        (3, 100),
        headers(1, HOLD, end_headers=False),
        repeat(b"", 0),
    ),
    "that sends a body without an end": (
        (3, 100),
        headers(1, HOLD) + data(1, message(bytes(10)), end=False),
        repeat(window_update(1, 1), 1500),
    ),
    "that pings": ((3, 100), b"", repeat(ping(), 90)),
}


@pytest.mark.parametrize("name", PEERS)
async def test_stop_beside_a_peer(name: str) -> None:
    own, opened, frames = PEERS[name]
    stopping = server()
    stopping.add_generic_rpc_handlers((handlers(),))
    port = stopping.add_insecure_port("127.0.0.1:0")
    await stopping.start()
    async with connected(port) as peer:
        await greet(peer, own)
        await peer.send(opened)
        attack = asyncio.create_task(flood(peer, frames))
        started = perf_counter()
        await stopping.stop(GRACE)
        assert perf_counter() - started < GRACE + MARGIN
        await attack


async def test_stop_beside_a_peer_without_a_preface() -> None:
    stopping = server()
    port = stopping.add_insecure_port("127.0.0.1:0")
    await stopping.start()
    async with connected(port) as peer:
        await peer.send(PREFACE[:5])
        started = perf_counter()
        await stopping.stop(GRACE)
        assert perf_counter() - started < GRACE + MARGIN


async def test_stop_does_not_wait_for_a_peer_that_takes_no_response() -> None:
    stopping = server()
    stopping.add_generic_rpc_handlers((handlers(),))
    port = stopping.add_insecure_port("127.0.0.1:0")
    await stopping.start()
    async with connected(port) as peer:
        await greet(peer, (INITIAL_WINDOW_SIZE, 0))
        await peer.send(call())
        started = perf_counter()
        await stopping.stop(LONG_GRACE)
        assert perf_counter() - started < LONG_GRACE / 2
