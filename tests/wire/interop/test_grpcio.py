"""wire and grpcio at either end of a call: each test holds for all four pairs.

The pair of two grpcio ends shows gRPC's behaviour, so that no expectation is wire's alone.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from tests.wire.interop.echo import CHANNELS, PATH, SERVERS, Serving

_PAIRS = [(channel, server) for channel in CHANNELS for server in SERVERS]


@pytest.fixture(params=_PAIRS, ids=[f"{channel}-to-{server}" for channel, server in _PAIRS])
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    channel, server = request.param
    async with SERVERS[server]() as target, CHANNELS[channel](target) as made:
        yield made


async def test_metadata_goes_there_and_back(opened: Any) -> None:
    sent = (("x-text", "a b"), ("x-raw-bin", b"\x00\x01\xff"), ("x-text", "again"), ("x-empty", ""))
    call = opened.unary_unary(PATH + "Unary")(b"request", metadata=sent, timeout=10)

    assert await call == b"request"
    assert await call.code() is grpc.StatusCode.OK
    assert sorted(await call.initial_metadata(), key=str) == sorted(sent, key=str)
    assert sorted(await call.trailing_metadata(), key=str) == sorted(
        (*sent, ("x-last", "end")), key=str
    )


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0]])
async def test_each_status_arrives(opened: Any, code: grpc.StatusCode) -> None:
    request = b"%d 100%% n\xc3\xb6\n" % code.value[0]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await opened.unary_unary(PATH + "Fail")(request, timeout=10)

    assert caught.value.code() is code
    assert caught.value.details() == "100% nö\n"
    trailers = caught.value.trailing_metadata() or ()
    assert [item for item in trailers if item[0].startswith("x-")] == [
        ("x-why", "because"),
        ("x-raw-bin", b"\x00\xff"),
    ]


async def test_an_unknown_method_is_unimplemented(opened: Any) -> None:
    for path in (PATH + "Missing", "/missing.Service/Unary"):
        call: Any = opened.unary_unary(path)(b"", timeout=10)
        assert await call.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_deadline_reaches_the_server(opened: Any) -> None:
    method = opened.unary_unary(PATH + "TimeLeft")
    assert await method(b"") == b"none"
    # grpcio rounds up, by up to a hundredth.
    assert 8_000 < int(await method(b"", timeout=10)) <= 10_100
    assert 3_500_000 < int(await method(b"", timeout=3600)) <= 3_636_000


async def test_a_deadline_ends_a_call(opened: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await opened.unary_unary(PATH + "Hang")(b"", timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert await opened.unary_unary(PATH + "Unary")(b"next") == b"next"


async def test_a_cancelled_call_ends(opened: Any) -> None:
    await opened.channel_ready()
    call: Any = opened.unary_unary(PATH + "Hang")(b"")
    await asyncio.sleep(0)
    assert call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert call.cancelled()
    assert await call.code() is grpc.StatusCode.CANCELLED


@pytest.mark.parametrize("count", [0, 1, 1000])
async def test_responses_come_in_their_order(opened: Any, count: int) -> None:
    call = opened.unary_stream(PATH + "Responses")(b"%d" % count, timeout=30)

    assert [response async for response in call] == [b"%d" % number for number in range(count)]
    assert await call.code() is grpc.StatusCode.OK


async def test_responses_before_a_failure_arrive(opened: Any) -> None:
    call = opened.unary_stream(PATH + "Responses")(b"3 fail", timeout=10)
    responses = []
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        responses.extend([await call.read() for _ in range(4)])
    assert caught.value.code() is grpc.StatusCode.DATA_LOSS
    assert caught.value.details() == "no more"


@pytest.mark.parametrize("count", [0, 1, 1000])
async def test_requests_arrive_in_their_order(opened: Any, count: int) -> None:
    messages = [b"%d," % number for number in range(count)]

    call = opened.stream_unary(PATH + "Requests")(iter(messages), timeout=30)

    assert await call == b"".join(messages)


async def test_both_streams_go_at_once(opened: Any) -> None:
    call = opened.stream_stream(PATH + "Both")(timeout=30)
    for number in range(100):
        await call.write(b"%d" % number)
        assert await call.read() == b"%d" % number
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK


async def test_a_cancelled_stream_ends(opened: Any) -> None:
    call = opened.stream_stream(PATH + "Both")()
    await call.write(b"a")
    assert await call.read() == b"a"
    assert call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call.read()


@pytest.mark.parametrize("size", [0, 16379, 16380, 65536, 1 << 20, 5 << 20])
async def test_messages_of_any_size_pass(opened: Any, size: int) -> None:
    message = bytes(range(256)) * (size // 256 + 1)
    message = message[:size]

    assert await opened.unary_unary(PATH + "Unary")(message, timeout=30) == message


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_compressed_requests_are_read(opened: Any, compression: grpc.Compression) -> None:
    message = b"compress me " * 1000
    method = opened.unary_unary(PATH + "Unary")
    assert await method(message, timeout=10, compression=compression) == message

    requests = opened.stream_unary(PATH + "Requests")
    assert await requests(iter([message] * 3), timeout=10, compression=compression) == message * 3


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
@pytest.mark.parametrize(("channel", "server"), _PAIRS)
async def test_compressed_responses_are_read(
    channel: str, server: str, compression: grpc.Compression
) -> None:
    message = b"compress me " * 1000
    serve: Serving = SERVERS[server]
    async with serve(compression) as target, CHANNELS[channel](target) as opened:
        assert await opened.unary_unary(PATH + "Unary")(message, timeout=10) == message
        both = opened.stream_stream(PATH + "Both")(iter([message] * 3), timeout=10)
        assert [response async for response in both] == [message] * 3


async def test_many_calls_at_once_do_not_mix(opened: Any) -> None:
    method = opened.unary_unary(PATH + "Unary")
    requests = [b"%d" % number * (number + 1) for number in range(200)]

    responses = await asyncio.gather(*[method(request, timeout=30) for request in requests])

    assert responses == requests


async def test_many_streams_at_once_do_not_mix(opened: Any) -> None:
    async def talk(name: int) -> list[bytes]:
        call = opened.stream_stream(PATH + "Both")(timeout=30)
        heard = []
        for number in range(20):
            await call.write(b"%d-%d" % (name, number))
            heard.append(await call.read())
        await call.done_writing()
        return heard

    heard = await asyncio.gather(*[talk(name) for name in range(30)])

    assert heard == [[b"%d-%d" % (name, number) for number in range(20)] for name in range(30)]


async def test_a_long_talk_in_small_messages_continues(opened: Any) -> None:
    # grpcio sends a window update with each message. That is no abuse.
    call = opened.stream_stream(PATH + "Both")(timeout=60)
    for _ in range(3000):
        await call.write(b"ping")
        assert await call.read() == b"ping"
    await call.done_writing()
    assert await call.code() is grpc.StatusCode.OK
