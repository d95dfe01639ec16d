"""Header blocks past each of the size limits."""

import pytest

from tests.wire.attacks.attacker import greet, honest_caller
from tests.wire.conformance.echo import serving
from tests.wire.conformance.frames import (
    ENHANCE_YOUR_CALM,
    call,
    continuation,
    data,
    headers,
    request,
)
from tests.wire.conformance.peer import connected
from tests.wire.conformance.seen import connection_error, grpc_status, response
from wire.http2.limits import Limits

RESOURCE_EXHAUSTED = 8
PIECE = b"\x00\x01a\x7f\x80\x7d" + b"v" * 16_127
"""A literal field of nearly a whole frame."""


@pytest.mark.parametrize("limit", [Limits().max_header_block, 20_000])
async def test_block_above_its_limit_ends_the_connection(limit: int) -> None:
    limits = Limits(max_header_block=limit)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer)
        await peer.send(headers(1, PIECE, end_headers=False))
        await peer.send(continuation(1, PIECE, end_headers=False) * 2)
        await peer.wait_for([connection_error(ENHANCE_YOUR_CALM)])


async def test_more_continuations_than_the_limit_end_the_connection() -> None:
    limits = Limits(max_continuations=3)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer)
        block = request()
        pieces = [block[at : at + 20] for at in range(0, len(block), 20)]
        await peer.send(headers(1, pieces[0], end_headers=False))
        for piece in pieces[1:5]:
            await peer.send(continuation(1, piece, end_headers=False))
        await peer.wait_for([connection_error(ENHANCE_YOUR_CALM)])


async def test_as_many_continuations_as_the_limit_are_taken() -> None:
    limits = Limits(max_continuations=3)
    async with serving(limits) as port, connected(port) as peer:
        await greet(peer)
        block = request()
        await peer.send(headers(1, block[:20], end_headers=False))
        await peer.send(continuation(1, block[20:40], end_headers=False))
        await peer.send(continuation(1, block[40:60], end_headers=False))
        await peer.send(continuation(1, block[60:]) + data(1))
        await peer.wait_for([response()])


async def test_list_above_its_limit_ends_its_call_only() -> None:
    limits = Limits(max_header_list=1000)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer)
        await peer.send(headers(1, request((b"x-large", b"v" * 1000))) + data(1))
        await peer.wait_for([grpc_status(RESOURCE_EXHAUSTED)])
        await peer.send(call(3))
        await peer.wait_for([response(3)])
