"""grpclib, gRPC in Python on the h2 package, at either end of a call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpclib.client import Channel
from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.base import CodecBase
from grpclib.exceptions import GRPCError
from grpclib.server import Server

from tests.wire.interop.echo import PATH, wire_channel, wire_server


class _Bytes(CodecBase):
    """Messages are bytes."""

    __content_subtype__ = "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:
        return bytes(message)

    def decode(self, data: bytes, message_type: Any) -> bytes:
        return data


class _Echo:
    """The service for grpclib."""

    async def unary(self, stream: Any) -> None:
        request = await stream.recv_message()
        metadata = {key: value for key, value in stream.metadata.items() if key.startswith("x-")}
        await stream.send_initial_metadata(metadata=metadata)
        await stream.send_message(request)
        await stream.send_trailing_metadata(metadata={"x-last": "end"})

    async def fail(self, stream: Any) -> None:
        await stream.recv_message()
        raise GRPCError(Status.FAILED_PRECONDITION, "nö: 100%")

    async def both(self, stream: Any) -> None:
        async for request in stream:
            await stream.send_message(request)

    async def hang(self, stream: Any) -> None:
        await asyncio.Event().wait()

    def __mapping__(self) -> dict[str, Handler]:
        kinds = {
            "Unary": (self.unary, Cardinality.UNARY_UNARY),
            "Fail": (self.fail, Cardinality.UNARY_UNARY),
            "Hang": (self.hang, Cardinality.UNARY_UNARY),
            "Both": (self.both, Cardinality.STREAM_STREAM),
        }
        return {
            PATH + name: Handler(func, kind, bytes, bytes) for name, (func, kind) in kinds.items()
        }


@asynccontextmanager
async def _serving() -> AsyncIterator[Any]:
    """Grpclib serves, wire calls."""
    server = Server([_Echo()], codec=_Bytes())
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(server._protocol_factory, "127.0.0.1", 0)  # noqa: SLF001
    target = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with wire_channel(target) as opened:
        yield opened
    listener.close()


@asynccontextmanager
async def _calling() -> AsyncIterator[Channel]:
    """Wire serves, grpclib calls."""
    async with wire_server() as target:
        host, _, port = target.rpartition(":")
        channel = Channel(host, int(port), codec=_Bytes())
        try:
            yield channel
        finally:
            channel.close()


async def test_wire_calls_grpclib() -> None:
    async with _serving() as opened:
        method = opened.unary_unary(PATH + "Unary")
        for number in range(3):
            metadata = (("x-id", f"{number}"), ("x-raw-bin", b"\x00\xff"))
            call = method(b"request", timeout=10, metadata=metadata)
            assert await call == b"request"
            assert sorted(await call.initial_metadata()) == sorted(metadata)
            assert await call.trailing_metadata() == grpc.aio.Metadata(("x-last", "end"))


async def test_a_failure_of_grpclib_arrives() -> None:
    async with _serving() as opened:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await opened.unary_unary(PATH + "Fail")(b"", timeout=10)

    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert caught.value.details() == "nö: 100%"


async def test_wire_streams_to_grpclib() -> None:
    async with _serving() as opened:
        call = opened.stream_stream(PATH + "Both")(timeout=10)
        for number in range(50):
            await call.write(b"%d" % number * 1000)
            assert await call.read() == b"%d" % number * 1000
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF


async def test_many_calls_to_grpclib_do_not_mix() -> None:
    async with _serving() as opened:
        method = opened.unary_unary(PATH + "Unary")
        requests = [b"%d" % number for number in range(200)]
        responses = await asyncio.gather(*[method(request, timeout=30) for request in requests])

    assert responses == requests


async def test_a_call_to_grpclib_has_a_deadline() -> None:
    async with _serving() as opened:
        call: Any = opened.unary_unary(PATH + "Hang")(b"", timeout=0.1)
        assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def _call(channel: Channel, method: str, request: bytes, **options: Any) -> Any:
    stream = channel.request(PATH + method, Cardinality.UNARY_UNARY, bytes, bytes, **options)
    async with stream:
        await stream.send_message(request, end=True)
        return await stream.recv_message()


async def test_grpclib_calls_wire() -> None:
    async with _calling() as channel:
        for number in range(3):
            assert await _call(channel, "Unary", b"%d" % number, timeout=10) == b"%d" % number
        assert 8000 < int(await _call(channel, "TimeLeft", b"", timeout=10)) <= 10000


async def test_a_failure_of_wire_arrives_at_grpclib() -> None:
    async with _calling() as channel:
        with pytest.raises(GRPCError) as caught:
            await _call(channel, "Fail", b"9 n\xc3\xb6: 100%")

    assert caught.value.status is Status.FAILED_PRECONDITION
    assert caught.value.message == "nö: 100%"


async def test_grpclib_streams_to_wire() -> None:
    async with _calling() as channel:
        stream = channel.request(PATH + "Both", Cardinality.STREAM_STREAM, bytes, bytes)
        async with stream:
            for number in range(50):
                await stream.send_message(b"%d" % number * 1000)
                assert await stream.recv_message() == b"%d" % number * 1000
            await stream.end()
            assert await stream.recv_message() is None


async def test_many_calls_of_grpclib_do_not_mix() -> None:
    async with _calling() as channel:
        requests = [b"%d" % number for number in range(200)]
        responses = await asyncio.gather(*[_call(channel, "Unary", each) for each in requests])

    assert responses == requests
