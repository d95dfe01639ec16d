"""gRPC's interoperability tests, for all kinds of RPC.

https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md describes them. Names and
sizes are from there.
"""

import asyncio
from typing import Any

import grpc
import pytest

from testing.waiting import LIMIT_SECONDS, eventually
from tests.support.streams.servicers import ECHO_INITIAL, ECHO_TRAILING, Streams
from tests.support.streams.streams_pb2 import Request, Response, Status
from tests.support.streams.streams_pb2_grpc import StreamServiceServicer
from tests.support.streams.ways import EVERY_KIND, EVERY_WAY, Way, begin, failure, responses

REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
METADATA = ((ECHO_INITIAL, "test_initial_metadata_value"), (ECHO_TRAILING, b"\xab\xab\xab"))


@EVERY_WAY
async def test_empty_stream(way: Way) -> None:
    async with way.to(Streams()) as path:
        assert await responses(begin(path.stub, "BidiStream")) == []
        assert await responses(begin(path.stub, "ServerStream", Request())) == []
        assert await responses(begin(path.stub, "ClientStream")) == [Response()]


@EVERY_WAY
async def test_ping_pong(way: Way) -> None:
    async with way.to(Streams()) as path:
        call = path.stub.BidiStream(timeout=LIMIT_SECONDS)
        for sent, wanted in zip(REQUEST_SIZES, RESPONSE_SIZES, strict=True):
            await call.write(Request(payload=bytes(sent), sizes=[wanted]))
            response = await call.read()
            assert len(response.payload) == wanted
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


@EVERY_WAY
async def test_client_streaming(way: Way) -> None:
    async with way.to(Streams()) as path:
        requests = [Request(payload=bytes(size)) for size in REQUEST_SIZES]
        assert await responses(begin(path.stub, "ClientStream", *requests)) == [
            Response(received=74922)
        ]


@EVERY_WAY
async def test_server_streaming(way: Way) -> None:
    async with way.to(Streams()) as path:
        call = begin(path.stub, "ServerStream", Request(sizes=RESPONSE_SIZES))
        assert [len(response.payload) for response in await responses(call)] == list(RESPONSE_SIZES)


@EVERY_WAY
async def test_cancel_after_begin(way: Way) -> None:
    async with way.to(Streams()) as path:
        call = path.stub.ClientStream(timeout=LIMIT_SECONDS)
        call.cancel()
        assert await call.code() is grpc.StatusCode.CANCELLED


@EVERY_WAY
@EVERY_KIND
async def test_cancel_while_the_servicer_works(way: Way, kind: str) -> None:
    servicer = Streams()
    async with way.to(servicer) as path:
        call = begin(path.stub, kind, Request(hold=True))
        await asyncio.wait_for(servicer.holding.wait(), LIMIT_SECONDS)
        call.cancel()
        assert await call.code() is grpc.StatusCode.CANCELLED
        await asyncio.wait_for(servicer.let_go.wait(), LIMIT_SECONDS)


@EVERY_WAY
async def test_cancel_after_first_response(way: Way) -> None:
    servicer = Streams()
    async with way.to(servicer) as path:
        call = path.stub.BidiStream(timeout=LIMIT_SECONDS)
        await call.write(Request(payload=bytes(27182), sizes=[31415], hold=True))
        assert len((await call.read()).payload) == 31415
        await asyncio.wait_for(servicer.holding.wait(), LIMIT_SECONDS)
        call.cancel()
        assert await call.code() is grpc.StatusCode.CANCELLED
        await asyncio.wait_for(servicer.let_go.wait(), LIMIT_SECONDS)


@EVERY_WAY
@EVERY_KIND
async def test_timeout_on_sleeping_server(way: Way, kind: str) -> None:
    servicer = Streams()
    async with way.to(servicer) as path:
        call = begin(path.stub, kind, Request(hold=True), timeout=0.3)
        assert (await failure(call)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await eventually(
            lambda: not servicer.holding.is_set() or servicer.let_go.is_set(),
            "the servicer is let go",
        )


@EVERY_WAY
@EVERY_KIND
async def test_custom_metadata(way: Way, kind: str) -> None:
    async with way.to(Streams()) as path:
        ask = Request(payload=bytes(271828), sizes=[314159])
        call = begin(path.stub, kind, ask, metadata=METADATA)
        assert [len(response.payload) for response in await responses(call)] == [314159]
        assert METADATA[0] in tuple(await call.initial_metadata())
        assert METADATA[1] in tuple(await call.trailing_metadata())


@EVERY_WAY
@EVERY_KIND
@pytest.mark.parametrize("message", ["test status message", SPECIAL], ids=["plain", "special"])
async def test_status_code_and_message(way: Way, kind: str, message: str) -> None:
    async with way.to(Streams()) as path:
        error = await failure(
            begin(path.stub, kind, Request(status=Status(code=2, message=message)))
        )
        assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, message)


@EVERY_WAY
@EVERY_KIND
async def test_unimplemented_method(way: Way, kind: str) -> None:
    # The generated base of a servicer has the methods without code.
    async with way.to(StreamServiceServicer()) as path:
        error = await failure(begin(path.stub, kind, Request()))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED


@EVERY_WAY
@pytest.mark.parametrize("shape", ["unary_unary", "unary_stream", "stream_unary", "stream_stream"])
@pytest.mark.parametrize("service", ["streams.StreamService", "streams.AbsentService"])
async def test_unimplemented_service(way: Way, shape: str, service: str) -> None:
    async with way.to(Streams()) as path:
        method: Any = getattr(path.channel, shape)(f"/{service}/UnimplementedCall")
        request = iter([b""]) if shape.startswith("stream") else b""
        error = await failure(method(request, timeout=LIMIT_SECONDS))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
