"""More calls than a turn of the event loop begins, and a newcomer ahead of them."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from tests.wire.conformance import frames
from tests.wire.conformance.peer import Peer, connected
from tests.wire.conformance.seen import response, settings_ack
from tests.wire.server.service import METHOD, serving
from wire.http2.limits import Limits

CONNECTIONS, CALLS = 200, 64
"""If a newcomer had to wait for its turn, half of all calls would begin before its own. Each
connection begins 32 calls in a turn."""
BEFORE_A_NEWCOMER = CONNECTIONS * CALLS // 4

_GREETING = frames.PREFACE + frames.settings() + frames.SETTINGS_ACK
_BODY = frames.message(b"hello")


def calls(count: int) -> bytes:
    path = METHOD.encode()
    return b"".join(frames.call(stream, _BODY, path=path) for stream in range(1, 2 * count, 2))


async def greet(peer: Peer) -> None:
    await peer.send(_GREETING)
    await peer.wait_for([settings_ack(1)])


async def test_a_new_connection_does_not_wait_behind_those_that_do() -> None:
    begun = 0

    async def count(request: bytes, context: Any) -> bytes:
        nonlocal begun
        begun += 1
        return request

    async with AsyncExitStack() as stack:
        limits = Limits(max_wait=60.0)
        _, port = await stack.enter_async_context(serving("unary_unary", count, limits=limits))
        peers = [await stack.enter_async_context(connected(port)) for _ in range(CONNECTIONS)]
        await asyncio.gather(*map(greet, peers))
        load = asyncio.gather(*(peer.send(calls(CALLS)) for peer in peers))
        newcomer = await stack.enter_async_context(connected(port))
        await newcomer.send(_GREETING + calls(1))
        await newcomer.wait_for([response(1, _BODY)])
        before = begun
        await load
        for peer in peers:
            await peer.wait_for([response(2 * CALLS - 1, _BODY)])
    assert before < BEFORE_A_NEWCOMER
    assert begun == CONNECTIONS * CALLS + 1
