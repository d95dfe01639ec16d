"""The four kinds of RPC, called by grpcio."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from tests.wire.server.service import METHOD, calling, channel_to, failure, never, serving
from wire.http2.limits import Limits
from wire.server import server

LARGE = bytes(range(256)) * 8192


async def _echo(request: bytes, context: Any) -> bytes:
    return request


async def _twice(request: bytes, context: Any) -> AsyncIterator[bytes]:
    yield request
    yield request


async def _twice_written(request: bytes, context: Any) -> None:
    await context.write(request)
    await context.write(request)


async def _sizes(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return b",".join([b"%d" % len(request) async for request in requests])


async def _sizes_read(requests: AsyncIterator[bytes], context: Any) -> bytes:
    sizes = []
    while (request := await context.read()) is not grpc.aio.EOF:
        sizes.append(b"%d" % len(request))
    return b",".join(sizes)


async def _chat(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


async def _written_by_three(request: bytes, context: Any) -> None:
    await asyncio.gather(*[context.write(request) for _ in range(3)])


async def _read_by_three(requests: AsyncIterator[bytes], context: Any) -> bytes:
    async def sizes() -> int:
        count = 0
        while await context.read() is not grpc.aio.EOF:
            count += 1
        return count

    return b"%d" % sum(await asyncio.gather(sizes(), sizes(), sizes()))


async def _send(*messages: bytes) -> AsyncIterator[bytes]:
    for message in messages:
        yield message


def test_a_server_is_one_of_grpc_aio() -> None:
    assert isinstance(server(), grpc.aio.Server)


@pytest.mark.parametrize("message", [b"", b"hello", LARGE], ids=["empty", "small", "large"])
async def test_a_unary_call_is_answered(message: bytes) -> None:
    async with calling("unary_unary", _echo) as call:
        assert await call(message) == message


async def test_several_tasks_may_write() -> None:
    async with calling("unary_stream", _written_by_three) as call:
        assert [response async for response in call(LARGE, timeout=30)] == [LARGE] * 3


async def test_several_tasks_may_read() -> None:
    async with calling("stream_unary", _read_by_three) as call:
        counting = call(timeout=30)
        for _ in range(5):
            await counting.write(b"hello")
        await counting.done_writing()
        assert await counting == b"5"


@pytest.mark.parametrize("behavior", [_twice, _twice_written])
async def test_a_stream_of_responses_arrives(behavior: Any) -> None:
    async with calling("unary_stream", behavior) as call:
        assert [response async for response in call(LARGE)] == [LARGE, LARGE]


@pytest.mark.parametrize("behavior", [_sizes, _sizes_read])
async def test_a_stream_of_requests_arrives(behavior: Any) -> None:
    async with calling("stream_unary", behavior) as call:
        assert await call(_send(b"", b"one", LARGE, LARGE)) == b"0,3,2097152,2097152"


async def test_both_sides_of_a_call_may_stream() -> None:
    async with calling("stream_stream", _chat) as call:
        chat = call()
        for message in (b"one", LARGE, b""):
            await chat.write(message)
            assert await chat.read() == message
        await chat.done_writing()
        assert await chat.read() is grpc.aio.EOF


async def test_many_calls_share_a_connection() -> None:
    async with calling("unary_unary", _echo) as call:
        messages = [b"%d" % number for number in range(500)]
        assert await asyncio.gather(*[call(message) for message in messages]) == messages


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_compressed_messages_go_both_ways(compression: grpc.Compression) -> None:
    async with calling("unary_unary", _echo, compression=compression) as call:
        assert await call(LARGE, compression=compression) == LARGE


async def test_a_handler_may_select_compression() -> None:
    async def compressing(request: bytes, context: Any) -> bytes:
        context.set_compression(grpc.Compression.Gzip)
        return request

    async with calling("unary_unary", compressing) as call:
        assert await call(LARGE) == LARGE


async def test_a_message_beyond_the_limit_is_refused() -> None:
    async with calling("unary_unary", _echo, limits=Limits(max_message_bytes=1000)) as call:
        assert (await failure(call(bytes(1001)))).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await call(bytes(1000)) == bytes(1000)


async def test_a_bomb_is_refused() -> None:
    async with calling("unary_unary", _echo, limits=Limits(max_message_bytes=1 << 20)) as call:
        error = await failure(call(bytes(4 << 20), compression=grpc.Compression.Gzip))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_an_exception_keeps_its_text_to_itself() -> None:
    async def fail(request: bytes, context: Any) -> bytes:
        raise ValueError("secret")

    async with calling("unary_unary", fail) as call:
        error = await failure(call(b""))
    assert error.code() is grpc.StatusCode.UNKNOWN
    assert "secret" not in str(error)


async def test_the_status_set_before_an_exception_is_the_calls() -> None:
    async def fail(request: bytes, context: Any) -> bytes:
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("no such user")
        raise ValueError("secret")

    async with calling("unary_unary", fail) as call:
        error = await failure(call(b""))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such user")


async def test_a_stream_that_fails_has_its_status_behind_it() -> None:
    async def fail(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield request
        await context.abort(grpc.StatusCode.DATA_LOSS, "lost")

    async with calling("unary_stream", fail) as call:
        stream = call(b"first")
        assert await stream.read() == b"first"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stream.read()
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.DATA_LOSS, "lost")


async def test_a_slow_reader_stalls_its_own_stream_only() -> None:
    sent = 0

    async def flood(request: bytes, context: Any) -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(64):
            yield bytes(1 << 20)
            sent += 1

    async with calling("unary_stream", flood) as call:
        slow = call(b"")
        await slow.read()
        assert len([size async for size in call(b"")]) == 64
        # grpcio reads at most a few messages ahead.
        assert sent < 128
        slow.cancel()


async def test_a_cancelled_call_cancels_its_handler() -> None:
    cancelled = asyncio.Event()
    begun = asyncio.Event()

    async def wait(request: bytes, context: Any) -> bytes:
        begun.set()
        try:
            await never()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return b""

    async with calling("unary_unary", wait) as call:
        waiting = call(b"")
        await begun.wait()
        waiting.cancel()
        await asyncio.wait_for(cancelled.wait(), 10)


async def test_a_deadline_ends_the_call_and_its_handler() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(request: bytes, context: Any) -> bytes:
        begun.set()
        try:
            return await never()
        finally:
            cancelled.set()

    async with calling("unary_unary", wait) as call:
        # On a busy machine the deadline may be over before the call is there.
        while not begun.is_set():
            error = await failure(call(b"", timeout=0.1))
        await asyncio.wait_for(cancelled.wait(), 10)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_no_call_takes_longer_than_the_limit() -> None:
    async def wait(request: bytes, context: Any) -> bytes:
        return await never()

    async with calling("unary_unary", wait, limits=Limits(max_call_duration=0.1)) as call:
        error = await failure(call(b"", timeout=60))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_an_unknown_method_is_unimplemented() -> None:
    async with calling("unary_unary", _echo) as call:
        call._method = b"/test.Service/Other"  # noqa: SLF001 - grpcio has no other way.
        error = await failure(call(b""))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


class _Failing(grpc.GenericRpcHandler):
    def service(self, handler_call_details: Any) -> Any:
        raise LookupError(handler_call_details.method)


class _StreamHandler:
    """A handler with the attributes of its own kind only."""

    request_streaming = True
    response_streaming = True
    request_deserializer = None
    response_serializer = None

    @staticmethod
    async def stream_stream(requests: Any, context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request


async def test_a_handler_needs_the_attributes_of_its_kind_only() -> None:
    served = server()
    served.add_registered_method_handlers("test.Service", {"Method": _StreamHandler()})  # type: ignore[dict-item]
    port = served.add_insecure_port("127.0.0.1:0")
    await served.start()
    async with channel_to(port) as channel:
        call = channel.stream_stream(METHOD)(iter([b"one"]))
        assert [response async for response in call] == [b"one"]
    await served.stop(0)


async def test_a_generic_handler_that_fails_ends_its_call_alone() -> None:
    begun, released = asyncio.Event(), asyncio.Event()

    async def wait(request: bytes, context: Any) -> bytes:
        begun.set()
        await released.wait()
        return request

    async with serving("unary_unary", wait) as (served, port), channel_to(port) as channel:
        served.add_generic_rpc_handlers((_Failing(),))
        waiting = channel.unary_unary(METHOD)(b"other", timeout=30)
        await begun.wait()
        error = await failure(channel.unary_unary("/test.Service/Other")(b"", timeout=30))
        released.set()
        assert await waiting == b"other"
    assert (error.code(), error.details()) == (grpc.StatusCode.UNKNOWN, "the servicer failed")
