"""A call holds its slot until its end, whatever its kind."""

import asyncio
from contextlib import suppress

import grpc

from testing.waiting import LIMIT_SECONDS
from tests.support.streams.servicers import Streams
from tests.support.streams.streams_pb2 import Request
from tests.support.streams.ways import EVERY_KIND, EVERY_WAY, Way, begin, failure, responses


@EVERY_WAY
@EVERY_KIND
async def test_a_call_holds_a_slot_until_it_is_over(way: Way, kind: str) -> None:
    servicer = Streams()
    async with way.to(servicer, max_concurrent_rpcs=1) as path:
        held = begin(path.stub, kind, Request(hold=True))
        await asyncio.wait_for(servicer.holding.wait(), LIMIT_SECONDS)
        for refused in ("Unary", kind):
            error = await failure(begin(path.stub, refused, Request()))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        held.cancel()
        # It may take a moment until each server has noticed.
        async with asyncio.timeout(LIMIT_SECONDS):
            while not await is_answered(path.stub, kind):
                pass


async def is_answered(stub: object, kind: str) -> bool:
    with suppress(grpc.aio.AioRpcError):
        await responses(begin(stub, kind, Request(sizes=[1])))
        return True
    return False
