"""Limits on messages and silence, for each kind of call."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from testing.waiting import LIMIT_SECONDS
from tests.support.streams.servicers import Streams
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.ways import (
    EVERY_KIND,
    EVERY_WAY,
    Way,
    begin,
    failure,
    has_requests,
    responses,
)

LIMIT = 10_000
# The bytes around the payload: tag and length.
AROUND = 3


@EVERY_WAY
@EVERY_KIND
async def test_a_request_has_a_largest_size(way: Way, kind: str) -> None:
    async with way.to(Streams(), max_message_bytes=LIMIT) as path:
        fits, more = (Request(payload=bytes(LIMIT - AROUND + extra)) for extra in (0, 1))
        assert fits.ByteSize() == LIMIT
        await responses(begin(path.stub, kind, fits))
        error = await failure(begin(path.stub, kind, more))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@EVERY_WAY
@EVERY_KIND
async def test_a_request_has_the_same_size_when_it_is_unpacked(way: Way, kind: str) -> None:
    async with way.to(Streams(), max_message_bytes=LIMIT) as path:
        for extra, code in ((0, grpc.StatusCode.OK), (1, grpc.StatusCode.RESOURCE_EXHAUSTED)):
            ask = Request(payload=bytes(LIMIT - AROUND + extra))
            call = getattr(path.stub, kind)(
                iter([ask]) if has_requests(kind) else ask,
                timeout=LIMIT_SECONDS,
                compression=grpc.Compression.Gzip,
            )
            assert await call.code() is code


@EVERY_WAY
@EVERY_KIND
async def test_a_response_has_the_same(way: Way, kind: str) -> None:
    fits = LIMIT - Response(payload=bytes(LIMIT)).ByteSize() + LIMIT
    async with way.to(Streams(), max_message_bytes=LIMIT) as path:
        await responses(begin(path.stub, kind, Request(sizes=[fits])))
        error = await failure(begin(path.stub, kind, Request(sizes=[fits + 1])))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@EVERY_WAY
@pytest.mark.parametrize("kind", ["ClientStream", "BidiStream"])
async def test_a_call_without_a_request_is_ended(way: Way, kind: str) -> None:
    async def nothing() -> AsyncIterator[Any]:
        # Keeps the stream open past the call's end.
        await forever
        yield

    forever = asyncio.get_running_loop().create_future()
    async with way.to(Streams(), request_timeout=0.2) as path:
        call = getattr(path.stub, kind)(nothing(), timeout=LIMIT_SECONDS)
        assert await call.code() is grpc.StatusCode.CANCELLED
        assert await call.details() == "no request has arrived in time"
    forever.cancel()
