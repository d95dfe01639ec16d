"""Each limit of time and number, reached by a peer with frames of its own."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import grpc
import pytest

from tests.wire.conformance import frames
from tests.wire.conformance.peer import Peer, connected
from tests.wire.conformance.seen import Expectation, grpc_status
from tests.wire.server.connection_log import ConnectionLog
from tests.wire.server.service import METHOD, calling, channel_to, failure, never, serving
from wire.http2.limits import Limits, Rate
from wire.server.held import CALL_BYTES

_REQUEST = frames.request(path=METHOD.encode())
_GREETING = frames.PREFACE + frames.settings()
_CLOSED = Expectation("the end of the connection", lambda seen: seen.closed)


def _goaway(code: int) -> Expectation:
    return Expectation(
        f"GOAWAY {code}", lambda seen: any(goaway.code == code for goaway in seen.goaways)
    )


def _pings(count: int) -> Expectation:
    return Expectation(f"{count} PINGs", lambda seen: len(seen.pings) >= count)


async def _echo(request: bytes, context: Any) -> bytes:
    return request


async def _wait(request: bytes, context: Any) -> bytes:
    return await never()


async def _send_request(peer: Peer, stream: int, size: int) -> None:
    body = frames.message(bytes(size))
    await peer.send(frames.headers(stream, _REQUEST))
    for at in range(0, len(body), 16000):
        await peer.send(frames.data(stream, body[at : at + 16000], end=at + 16000 >= len(body)))


async def test_a_silent_peer_is_closed() -> None:
    limits = Limits(handshake_timeout=0.1)
    async with (
        serving("unary_unary", _echo, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.wait_for([_goaway(frames.SETTINGS_TIMEOUT)])


async def test_an_idle_connection_is_closed() -> None:
    limits = Limits(max_connection_idle=0.2)
    async with (
        serving("unary_unary", _echo, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING)
        await peer.wait_for([_goaway(frames.NO_ERROR)])
        await peer.wait_for([_CLOSED])


async def test_an_old_connection_is_closed_without_a_loss() -> None:
    go_on = asyncio.Event()

    async def wait(request: bytes, context: Any) -> bytes:
        await go_on.wait()
        return request

    limits = Limits(max_connection_age=0.2)
    async with (
        serving("unary_unary", wait, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING + frames.headers(1, _REQUEST) + frames.data(1))
        await peer.wait_for([_goaway(frames.NO_ERROR)])
        go_on.set()
        await peer.wait_for([grpc_status(0)])
        await peer.wait_for([_CLOSED])


async def test_calls_on_an_old_connection_have_their_grace() -> None:
    limits = Limits(max_connection_age=0.1, max_connection_age_grace=0.1)
    async with (
        serving("unary_unary", _wait, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING + frames.headers(1, _REQUEST) + frames.data(1))
        await peer.wait_for([_CLOSED])


async def test_connections_beyond_the_limit_are_closed() -> None:
    limits = Limits(max_connections=2)
    async with (
        serving("unary_unary", _echo, limits=limits) as (_, port),
        connected(port) as first,
        connected(port) as second,
    ):
        for peer in (first, second):
            await peer.send(_GREETING)
            await peer.wait_for([Expectation("SETTINGS", lambda seen: seen.settings_frames > 0)])
        async with connected(port) as third:
            await third.wait_for([_CLOSED])
        await first.close()
        # Its place is free once the server has seen the end.
        await _answered_on_a_new_connection(port)


async def _answered_on_a_new_connection(port: int) -> None:
    """Connects until there is a place."""
    answered = Expectation("a response", lambda seen: 1 in seen.ended)
    async with asyncio.timeout(10):
        while True:
            async with connected(port) as another:
                await another.send(_GREETING + frames.call(1))
                if await another.wait_for([answered, _CLOSED]) is answered:
                    break


async def test_a_peer_that_does_not_close_its_side_keeps_no_place() -> None:
    limits = Limits(max_connections=1)
    async with (
        serving("unary_unary", _echo, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(b"no HTTP/2 at all, and no end")
        await peer.wait_for([_goaway(frames.PROTOCOL_ERROR)])
        await _answered_on_a_new_connection(port)


async def test_a_silent_call_is_ended() -> None:
    limits = Limits(request_timeout=0.1)
    async with (
        serving("unary_unary", _echo, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING + frames.headers(1, _REQUEST))
        await peer.send(frames.headers(3, _REQUEST) + frames.data(3, frames.HELLO[:-1], end=False))
        await peer.wait_for([grpc_status(1)])
        await peer.wait_for([grpc_status(1, stream=3)])


async def test_a_response_that_nobody_reads_is_dropped() -> None:
    limits = Limits(stalled_timeout=0.2)
    async with (
        serving("unary_unary", _echo, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING)
        await _send_request(peer, 1, 100_000)
        await peer.wait_for([Expectation("a reset", lambda seen: bool(seen.resets.get(1)))])


async def test_a_response_is_offered_no_longer_than_a_call_may_take() -> None:
    limits = Limits(max_call_duration=0.2)
    async with (
        serving("unary_unary", _echo, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(frames.PREFACE + frames.settings({frames.INITIAL_WINDOW_SIZE: 0}))
        await peer.send(frames.headers(1, _REQUEST) + frames.data(1))
        reset = Expectation("a reset", lambda seen: seen.resets.get(1) == [frames.CANCEL])
        await peer.wait_for([reset])


async def test_a_dead_peer_is_found_out() -> None:
    limits = Limits(keepalive_interval=0.1, keepalive_timeout=0.1)
    async with (
        serving("unary_unary", _wait, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING + frames.headers(1, _REQUEST) + frames.data(1))
        await peer.wait_for([Expectation("a PING", lambda seen: bool(seen.pings))])
        await peer.wait_for([_CLOSED])


async def test_a_peer_that_acknowledges_pings_stays() -> None:
    # Far more than an ACK takes. Without one there is no further PING.
    limits = Limits(keepalive_interval=0.1, keepalive_timeout=5.0)
    async with (
        serving("unary_unary", _wait, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING + frames.headers(1, _REQUEST) + frames.data(1))
        for count in range(1, 5):
            await peer.wait_for([_pings(count)])
            await peer.send(frames.ping(peer.seen.pings[-1], ack=True))
        assert not peer.seen.closed


async def test_too_many_bytes_are_refused_and_the_server_lives() -> None:
    limits = Limits(max_bytes_in_flight=300_000)
    async with (
        serving("unary_unary", _echo, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING)
        # The server holds each as its request and as its unread response.
        for stream in range(1, 20, 2):
            await _send_request(peer, stream, 100_000)
        await peer.wait_for(
            [Expectation("RESOURCE_EXHAUSTED", lambda seen: _refused(seen) > 0)],
        )
        async with channel_to(port) as channel:
            with_room = channel.unary_unary(METHOD)
            await peer.close()
            async with asyncio.timeout(10):
                while True:
                    try:
                        assert await with_room(b"hello") == b"hello"
                        break
                    except grpc.aio.AioRpcError as error:
                        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # noqa: PT017


def _refused(seen: Any) -> int:
    return sum(seen.field(stream, b"grpc-status") == b"8" for stream in seen.ended)


async def test_a_request_larger_than_all_that_is_held_is_refused() -> None:
    async def take(request: bytes, context: Any) -> bytes:
        return b""

    async with (
        serving("unary_unary", take, limits=Limits(max_bytes_in_flight=300_000)) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING)
        await _send_request(peer, 1, 400_000)
        await peer.wait_for([grpc_status(8)])


async def test_responses_that_nobody_reads_are_held() -> None:
    async def enlarge(request: bytes, context: Any) -> bytes:
        return bytes(100_000)

    async with (
        serving("unary_unary", enlarge, limits=Limits(max_bytes_in_flight=300_000)) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING)
        for stream in range(1, 20, 2):
            await _send_request(peer, stream, 1)
        refused = Expectation("RESOURCE_EXHAUSTED", lambda seen: _refused(seen) > 0)
        await peer.wait_for([refused])


async def test_silent_calls_make_room_for_those_with_a_request() -> None:
    limits = Limits(max_bytes_in_flight=50 * CALL_BYTES)
    async with (
        serving("unary_unary", _echo, limits=limits) as (_, port),
        connected(port) as peer,
        connected(port) as honest,
    ):
        silent = b"".join(frames.headers(stream, _REQUEST) for stream in range(1, 201, 2))
        await peer.send(_GREETING + silent)
        await peer.wait_for([grpc_status(8, stream=199)])
        await honest.send(_GREETING)
        async with asyncio.timeout(10):
            for stream in count(1, 2):
                await honest.send(frames.headers(stream, _REQUEST) + frames.data(stream))
                okay, refused = grpc_status(0, stream=stream), grpc_status(8, stream=stream)
                if await honest.wait_for([okay, refused]) is okay:
                    break
        await peer.wait_for([grpc_status(1)])


@pytest.mark.parametrize("size", [1000, 100_000])
async def test_a_response_larger_than_the_limit_is_not_sent(size: int) -> None:
    async def enlarge(request: bytes, context: Any) -> bytes:
        return bytes(size)

    async with calling("unary_unary", enlarge, limits=Limits(max_message_bytes=size - 1)) as call:
        error = await failure(call(b""))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    async with calling("unary_unary", enlarge, limits=Limits(max_message_bytes=size)) as call:
        assert len(await call(b"")) == size


async def test_a_response_of_a_stream_has_the_same_limit() -> None:
    async def enlarge(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield bytes(1000)
        yield bytes(1001)

    async with calling("unary_stream", enlarge, limits=Limits(max_message_bytes=1000)) as call:
        responses = call(b"")
        assert len(await responses.read()) == 1000
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await responses.read()
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_handlers_of_reset_streams_still_count() -> None:
    begun: asyncio.Queue[None] = asyncio.Queue()
    release = asyncio.Event()

    async def stubborn(request: bytes, context: Any) -> bytes:
        begun.put_nowait(None)
        try:
            await release.wait()
        except asyncio.CancelledError:
            # Its clean-up takes time.
            await release.wait()
        return request

    limits = Limits(max_concurrent_streams=2)
    async with (
        serving("unary_unary", stubborn, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING)
        for stream in (1, 3):
            await peer.send(frames.headers(stream, _REQUEST) + frames.data(stream))
            await asyncio.wait_for(begun.get(), 10)
            await peer.send(frames.rst_stream(stream))
        await peer.send(frames.headers(5, _REQUEST) + frames.data(5))
        refused = Expectation("a refusal", lambda seen: seen.resets.get(5) == [7])
        await peer.wait_for([refused])
        release.set()


async def test_a_writer_that_nobody_reads_waits() -> None:
    written = 0

    async def flood(request: bytes, context: Any) -> AsyncIterator[bytes]:
        nonlocal written
        while True:
            yield bytes(10_000)
            written += 1

    limits = Limits(max_stream_queue=50_000)
    async with (
        serving("unary_stream", flood, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING + frames.headers(1, _REQUEST) + frames.data(1))
        window = Expectation("a full window", lambda seen: len(seen.data[1]) == 65535)
        await peer.wait_for([window])
        await peer.send(frames.ping())
        await peer.wait_for(
            [Expectation("a PING's acknowledgement", lambda seen: bool(seen.pongs))]
        )
        assert written < 13


async def test_frames_that_nobody_reads_end_the_connection() -> None:
    waves: list[asyncio.Event] = [asyncio.Event(), asyncio.Event()]
    begun = asyncio.Semaphore(0)
    calls = 500

    async def fail(request: bytes, context: Any) -> bytes:
        begun.release()
        await waves[int(request)].wait()
        # A status is no data, and waits for no window.
        await context.abort(grpc.StatusCode.ABORTED, "%" * 4096)
        raise AssertionError

    log = ConnectionLog()
    async with (
        serving("unary_unary", fail, connection_observer=log) as (_, port),
        connected(port, receive_buffer=4096) as peer,
    ):
        await peer.send(_GREETING)
        for stream in range(1, 4 * calls, 2):
            wave = frames.message(b"%d" % (stream > 2 * calls))
            await peer.send(frames.headers(stream, _REQUEST) + frames.data(stream, wave))
        for _ in range(2 * calls):
            await begun.acquire()
        peer.stop_reading()
        # The first ones fill what the kernel takes, and the next ones what the server holds.
        waves[0].set()
        await asyncio.sleep(0)
        waves[1].set()
        ended = await asyncio.wait_for(log.ended.get(), 10)
        assert "does not read" in ended.text


async def test_resets_beyond_their_rate_end_the_connection() -> None:
    limits = Limits(resets=Rate(burst=20, per_second=0.001))
    async with (
        serving("unary_unary", _wait, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING)
        for stream in range(1, 61, 2):
            await peer.send(frames.headers(stream, _REQUEST) + frames.rst_stream(stream))
        await peer.wait_for([_goaway(frames.ENHANCE_YOUR_CALM)])


async def test_provoked_resets_count_as_resets() -> None:
    limits = Limits(resets=Rate(burst=20, per_second=0.001))
    async with (
        serving("unary_unary", _wait, limits=limits) as (_, port),
        connected(port) as peer,
    ):
        await peer.send(_GREETING)
        for stream in range(1, 61, 2):
            await peer.send(frames.headers(stream, _REQUEST) + frames.window_update(stream, 0))
        await peer.wait_for([_goaway(frames.ENHANCE_YOUR_CALM)])
