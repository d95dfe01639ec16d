"""A stream gets the grace of a stopping server, and its servicer learns of the stop."""

import asyncio
import time
from collections.abc import AsyncIterator

import grpc
import pytest

from testing.waiting import LIMIT_SECONDS
from tests.support.streams.log import call_lines
from tests.support.streams.servicers import Context, Streams
from tests.support.streams.streams_pb2 import Request, Response
from tests.support.streams.streams_pb2_grpc import StreamServiceServicer
from tests.support.streams.ways import (
    DIRECT,
    EVERY_KIND,
    EVERY_WAY,
    THROUGH_HOP,
    Path,
    Way,
    begin,
    failure,
    responses,
    service_of,
)


def stop(path: Path, name: str) -> asyncio.Task[None]:
    return asyncio.create_task(path.stop(name))


async def listens(address: str) -> bool:
    """True if a server accepts connections."""
    try:
        _, writer = await asyncio.open_connection(*address.split(":"))
    except ConnectionError:
        return False
    writer.close()
    return True


@EVERY_WAY
@pytest.mark.parametrize("which", ["first", "last"])
async def test_a_stream_continues_during_the_grace(way: Way, which: str) -> None:
    async with way.to(Streams(), grace=LIMIT_SECONDS) as path:
        call = path.stub.BidiStream(timeout=LIMIT_SECONDS)
        await call.write(Request(sizes=[1]))
        assert await call.read() == Response(payload=bytes(1))
        name = path.first if which == "first" else "streams"
        stopping = stop(path, name)
        async with asyncio.timeout(LIMIT_SECONDS):
            while await listens(path.servers[name].address):
                pass
        for _ in range(3):
            await call.write(Request(sizes=[1, 1]))
            assert await call.read() == await call.read() == Response(payload=bytes(1))
        assert not stopping.done()
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK
        await asyncio.wait_for(stopping, LIMIT_SECONDS)


@EVERY_WAY
@EVERY_KIND
async def test_a_call_is_cancelled_after_the_grace(
    way: Way, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    servicer = Streams()
    async with way.to(servicer, grace=0.2, log_format="json") as path:
        call = begin(path.stub, kind, Request(hold=True))
        await asyncio.wait_for(servicer.holding.wait(), LIMIT_SECONDS)
        await asyncio.wait_for(stop(path, path.first), LIMIT_SECONDS)
        error = await failure(call)
        assert error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
        await asyncio.wait_for(servicer.let_go.wait(), LIMIT_SECONDS)
        servers = list(path.servers)
    assert sorted(line["service"] for line in call_lines(capsys)) == sorted(servers)


class CleaningUp(StreamServiceServicer):
    """Has something to do when its call has a status."""

    def __init__(self) -> None:
        self.is_clean = False

    async def Unary(self, request: Request, context: Context) -> Response:
        try:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no")
        finally:
            await asyncio.sleep(0.3)
            self.is_clean = True
        return Response()


@DIRECT
async def test_a_method_cleans_up_behind_its_status(way: Way) -> None:
    servicer = CleaningUp()
    async with way.to(servicer, grace=LIMIT_SECONDS) as path:
        error = await failure(begin(path.stub, "Unary", Request()))
        assert error.code() is grpc.StatusCode.NOT_FOUND
        await path.stop(path.first)
        assert servicer.is_clean


@THROUGH_HOP
@pytest.mark.parametrize("kind", ["ServerStream", "BidiStream"])
async def test_a_stream_ends_when_its_upstream_is_gone(way: Way, kind: str) -> None:
    servicer = Streams()
    async with way.to(servicer, grace=0.2) as path:
        call = begin(path.stub, kind, Request(sizes=[1], hold=True))
        await asyncio.wait_for(servicer.holding.wait(), LIMIT_SECONDS)
        await asyncio.wait_for(stop(path, "streams"), LIMIT_SECONDS)
        # After a response message there is no retry, unlike before it.
        error = await failure(call)
        assert error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


class Feed(Streams):
    """Answers until its server stops, then sends a last message."""

    def __init__(self, stopping: asyncio.Event) -> None:
        super().__init__()
        self._stopping = stopping

    async def ServerStream(self, request: Request, context: Context) -> AsyncIterator[Response]:
        yield Response(received=1)
        await self._stopping.wait()
        yield Response(received=2)


@EVERY_WAY
async def test_a_servicer_notices_that_its_server_stops(way: Way) -> None:
    async with way.to(service_of(Feed), grace=LIMIT_SECONDS) as path:
        call = begin(path.stub, "ServerStream", Request())
        assert (await call.read()).received == 1
        began = time.monotonic()
        stopping = stop(path, "streams")
        assert (await call.read()).received == 2
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK
        await asyncio.wait_for(stopping, LIMIT_SECONDS)
        assert time.monotonic() - began < LIMIT_SECONDS / 2


@EVERY_WAY
async def test_a_stream_gets_no_status_while_its_server_serves(way: Way) -> None:
    async with way.to(service_of(Feed)) as path:
        call = begin(path.stub, "ServerStream", Request())
        assert (await call.read()).received == 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(call.read(), 0.3)


@EVERY_WAY
async def test_a_server_without_calls_stops_at_once(way: Way) -> None:
    async with way.to(Streams(), grace=LIMIT_SECONDS) as path:
        assert len(await responses(begin(path.stub, "Unary", Request()))) == 1
        began = time.monotonic()
        await stop(path, path.first)
        assert time.monotonic() - began < LIMIT_SECONDS / 2
