"""A slow reader stalls only its own stream, and holds a bounded amount of memory."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from testing.waiting import LIMIT_SECONDS
from tests.support.streams.log import call_lines
from tests.support.streams.servicers import Context, Streams
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.ways import EVERY_WAY, Way, begin, responses

SIZE = 65536
BUSY = 1500
"""Messages of a busy stream. The stalled one beside it has as much time."""

HELD = 500
"""More messages than can be in flight on a stalled stream, over all of its hops."""


class Endless(Streams):
    """Sends messages until its caller leaves, and reads requests only on demand.

    Attributes:
        sent: number of messages sent.
        left: set once the servicer of an endless stream has cleaned up.
        reading: set to let it read requests.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self.left = asyncio.Event()
        self.reading = asyncio.Event()

    async def ServerStream(self, request: Request, context: Context) -> AsyncIterator[Response]:
        if request.sizes:
            async for response in super().ServerStream(request, context):
                yield response
            return
        try:
            while True:
                yield Response(payload=bytes(SIZE))
                self.sent += 1
        finally:
            self.left.set()

    async def ClientStream(
        self, request_iterator: AsyncIterator[Request], context: Context
    ) -> Response:
        await self.reading.wait()
        return await super().ClientStream(request_iterator, context)


@EVERY_WAY
async def test_a_slow_reader_of_responses_stalls_only_its_stream(way: Way) -> None:
    servicer = Endless()
    async with way.to(servicer) as path:
        stalled = begin(path.stub, "ServerStream", Request())
        await stalled.read()
        busy = begin(path.stub, "ServerStream", Request(sizes=[SIZE] * BUSY))
        assert len(await responses(busy)) == BUSY
        assert servicer.sent < HELD
        for _ in range(BUSY):
            await stalled.read()
        assert servicer.sent > HELD
        stalled.cancel()


@EVERY_WAY
@pytest.mark.parametrize("meanwhile", [1, 200], ids=["at once", "while it is stalled"])
async def test_a_stream_ends_when_its_caller_leaves(
    way: Way, meanwhile: int, capsys: pytest.CaptureFixture[str]
) -> None:
    servicer = Endless()
    async with way.to(servicer, log_format="json") as path:
        for _ in range(10):
            servicer.left.clear()
            stalled = begin(path.stub, "ServerStream", Request())
            await stalled.read()
            await responses(begin(path.stub, "ServerStream", Request(sizes=[SIZE] * meanwhile)))
            stalled.cancel()
            await asyncio.wait_for(servicer.left.wait(), LIMIT_SECONDS)
        servers = len(path.servers)
    left = [line for line in call_lines(capsys) if line["code"] != "OK"]
    assert [line["code"] for line in left] == ["CANCELLED"] * 10 * servers
    assert not any("diagnosis" in line for line in left)


@EVERY_WAY
async def test_a_slow_reader_of_requests_stalls_only_its_stream(way: Way) -> None:
    servicer = Endless()
    sent = 0

    async def requests() -> AsyncIterator[Request]:
        nonlocal sent
        for _ in range(BUSY):
            yield Request(payload=bytes(SIZE))
            sent += 1

    async with way.to(servicer) as path:
        stalled = path.stub.ClientStream(requests(), timeout=LIMIT_SECONDS)
        busy = path.stub.BidiStream(timeout=LIMIT_SECONDS)
        for _ in range(BUSY):
            await busy.write(Request(payload=bytes(SIZE), sizes=[1]))
            assert await busy.read() is not grpc.aio.EOF
        assert 0 < sent < HELD
        servicer.reading.set()
        assert (await stalled).received == BUSY * SIZE
        await busy.done_writing()
        assert await busy.read() is grpc.aio.EOF
