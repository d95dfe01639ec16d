"""Calls with streams of requests, of responses, or of both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import grpc
import pytest

from tests.wire.channel.scripted_server import HEAD, OK, Peer, Request, framed, serving
from wire.channel import ChannelOptions, channel
from wire.errors import TransportError
from wire.http2.limits import Limits

_PATH = "/test.Service/Method"


async def _echo(peer: Peer) -> None:
    """Echoes each request at once, and ends with the requests."""
    peer.greet()
    while True:
        request = await peer.opened()
        peer.h2.send_headers(request.stream_id, HEAD)
        sent = 0
        while not request.ended.is_set() or sent < len(request.body):
            await _more(peer, request, sent)
            data = request.body[sent:]
            sent += len(data)
            if data:
                peer.h2.send_data(request.stream_id, data)
                peer.flush()
        peer.h2.send_headers(request.stream_id, OK, end_stream=True)
        peer.flush()


async def _more(peer: Peer, request: Request, sent: int) -> None:
    await peer.until(lambda: len(request.body) > sent or request.ended.is_set())


async def _three(peer: Peer) -> None:
    """Responds with three messages."""
    peer.greet()
    while True:
        request = await peer.request()
        peer.h2.send_headers(request.stream_id, HEAD)
        for message in (b"a", b"b", b"c"):
            peer.h2.send_data(request.stream_id, framed(message))
        peer.h2.send_headers(request.stream_id, [*OK, (b"last", b"1")], end_stream=True)
        peer.flush()


async def _numbers() -> AsyncIterator[bytes]:
    for number in range(5):
        yield b"%d" % number


async def test_responses_are_iterated() -> None:
    async with serving(_three) as server, channel(server.target) as opened:
        call = opened.unary_stream(_PATH)(b"request", timeout=10)

        assert [response async for response in call] == [b"a", b"b", b"c"]
        assert await call.code() is grpc.StatusCode.OK
        assert await call.trailing_metadata() == grpc.aio.Metadata(("last", "1"))
        assert server.peers[0].requests[1].body == framed(b"request")


async def test_several_tasks_may_write() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.respond(request, b"%d" % len(request.body))

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.stream_unary(_PATH)(timeout=30)
        await asyncio.gather(*[call.write(bytes(500_000)) for _ in range(3)])
        await call.done_writing()
        assert await call == b"1500015"


async def test_responses_are_read_one_by_one() -> None:
    async with serving(_three) as server, channel(server.target) as opened:
        call = opened.unary_stream(_PATH)(b"", timeout=10)

        assert [await call.read() for _ in range(3)] == [b"a", b"b", b"c"]
        assert await call.read() is grpc.aio.EOF
        assert await call.read() is grpc.aio.EOF


@pytest.mark.parametrize("requests", [_numbers, lambda: [b"%d" % number for number in range(5)]])
async def test_requests_are_iterated(requests: Any) -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.respond(request, request.body)

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.stream_unary(_PATH)(requests(), timeout=10)

        assert await call == b"".join(framed(b"%d" % number) for number in range(5))


async def test_requests_are_written_one_by_one() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.respond(request, request.body)

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.stream_unary(_PATH)(timeout=10)
        for message in (b"a", b"b"):
            await call.write(message)
        await call.done_writing()
        await call.done_writing()

        assert await call == framed(b"a") + framed(b"b")
        with pytest.raises(asyncio.InvalidStateError):
            await call.write(b"late")


async def test_both_streams_go_at_once() -> None:
    async with serving(_echo) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(timeout=10)
        for number in range(10):
            await call.write(b"%d" % number)
            assert await call.read() == b"%d" % number
        await call.done_writing()

        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


async def test_an_iterator_and_responses_flow_at_once() -> None:
    async with serving(_echo) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(_numbers(), timeout=10)

        assert [response async for response in call] == [b"%d" % number for number in range(5)]
        with pytest.raises(grpc.aio.UsageError):
            await call.write(b"")


async def test_a_failing_iterator_cancels_its_call() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"first"
        raise ValueError("the requests are broken")

    async with serving(_echo) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(broken(), timeout=10)

        assert await call.code() is grpc.StatusCode.CANCELLED
        assert await call.details() == "the call was cancelled by this side"
        peer = server.peers[0]
        await peer.until(lambda: peer.requests[1].reset_code == 8)


async def test_a_slow_reader_stops_the_server_alone() -> None:
    """The server's window never exceeds the octets read."""

    async def script(peer: Peer) -> None:
        peer.greet()
        slow = await peer.request()
        peer.h2.send_headers(slow.stream_id, HEAD)
        message = framed(bytes(995))
        while peer.h2.local_flow_control_window(slow.stream_id) >= 1000:
            peer.h2.send_data(slow.stream_id, message)
        peer.flush()
        peer.respond(await peer.request())
        await peer.until(lambda: peer.h2.local_flow_control_window(slow.stream_id) >= 1000)
        peer.h2.send_headers(slow.stream_id, OK, end_stream=True)
        peer.flush()

    options = ChannelOptions(limits=Limits(initial_window=65536))
    async with serving(script) as server, channel(server.target, options=options) as opened:
        slow = opened.unary_stream(_PATH)(b"", timeout=10)
        await slow.initial_metadata()
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
        assert not slow.done()

        responses = [response async for response in slow]
        assert len(responses) == 65
        assert set(responses) == {bytes(995)}


async def test_a_server_that_takes_nothing_stops_the_writer() -> None:
    async def script(peer: Peer) -> None:
        peer.takes_data = False
        peer.greet()
        await peer.opened()

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.stream_unary(_PATH)(timeout=0.3)

        async def write_until_stopped() -> None:
            # The server's window and this side's queue are 64 KiB each.
            for _ in range(7):
                await call.write(bytes(16384))
            await asyncio.gather(*[call.write(bytes(16384)) for _ in range(2)])

        # On a busy machine the deadline passes earlier.
        with pytest.raises(TransportError) as caught:
            await write_until_stopped()

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_failure_reaches_reader_and_writer() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.opened()
        peer.h2.send_headers(request.stream_id, HEAD)
        peer.h2.send_data(request.stream_id, framed(b"one"))
        peer.h2.send_headers(request.stream_id, [(b"grpc-status", b"9")], end_stream=True)
        peer.flush()

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(timeout=10)
        await call.write(b"")
        assert await call.read() == b"one"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        with pytest.raises(asyncio.InvalidStateError):
            await call.write(b"")


async def test_requests_left_in_their_middle_end_in_their_context() -> None:
    variable: ContextVar[bool] = ContextVar("variable")
    begun, left = asyncio.Event(), asyncio.Event()

    async def requests() -> AsyncIterator[bytes]:
        token = variable.set(True)
        try:
            begun.set()
            yield bytes(1 << 20)
        finally:
            variable.reset(token)
            left.set()

    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.opened()

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.stream_unary(_PATH)(requests(), timeout=10)
        await begun.wait()
        call.cancel()
        await asyncio.wait_for(left.wait(), 5)


class _Receiver:
    """An iterable of an application's own, as a queue that serves several calls."""

    def __init__(self) -> None:
        self.is_closed = False
        self._requests = iter([b"one"])

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for request in self._requests:
            return request
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.is_closed = True


async def test_an_iterable_that_is_no_generator_stays_open() -> None:
    requests = _Receiver()
    async with serving(_echo) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(requests, timeout=10)
        assert [response async for response in call] == [b"one"]
    assert not requests.is_closed


async def test_a_cancelled_stream_is_reset() -> None:
    async with serving(_echo) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(timeout=10)
        await call.write(b"a")
        assert await call.read() == b"a"
        reading = asyncio.ensure_future(call.read())
        await asyncio.sleep(0)

        assert call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert call.cancelled()
        assert await call.code() is grpc.StatusCode.CANCELLED
        peer = server.peers[0]
        await peer.until(lambda: peer.requests[1].reset_code == 8)


async def test_a_stream_has_a_deadline() -> None:
    async with serving(_echo) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(timeout=0.1)
        # On a busy machine it ends before anything is read.
        with suppress(TransportError):
            await call.write(b"a")
            assert await call.read() == b"a"
        with pytest.raises(TransportError) as caught:
            await call.read()

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_done_callbacks_of_streams_get_the_call() -> None:
    async with serving(_three) as server, channel(server.target) as opened:
        called: list[Any] = []
        call = opened.unary_stream(_PATH)(b"", timeout=10)
        call.add_done_callback(called.append)
        await call.code()
        call.add_done_callback(called.append)

        assert called == [call, call]


async def test_a_refused_stream_call_is_sent_again_as_a_whole() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        refused = await peer.request()
        peer.h2.reset_stream(refused.stream_id, error_code=7)
        peer.flush()
        request = await peer.request()
        peer.respond(request, request.body)

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(_numbers(), timeout=10)
        whole = b"".join(framed(b"%d" % number) for number in range(5))

        assert [response async for response in call] == [whole]


async def test_a_response_in_pieces_is_whole_again() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.h2.send_headers(request.stream_id, HEAD)
        stream = framed(b"first") + framed(b"") + framed(b"last")
        for byte in stream:
            peer.h2.send_data(request.stream_id, bytes((byte,)))
            peer.flush()
        peer.h2.send_headers(request.stream_id, OK, end_stream=True)
        peer.flush()

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.unary_stream(_PATH)(b"", timeout=10)

        assert [response async for response in call] == [b"first", b"", b"last"]


async def test_a_stream_that_ends_within_a_response_fails() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.h2.send_headers(request.stream_id, HEAD)
        peer.h2.send_data(request.stream_id, framed(b"whole") + framed(b"half")[:-1])
        peer.h2.send_headers(request.stream_id, OK, end_stream=True)
        peer.flush()

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.unary_stream(_PATH)(b"", timeout=10)
        assert await call.read() == b"whole"
        with pytest.raises(TransportError) as caught:
            await call.read()

    assert caught.value.code() is grpc.StatusCode.INTERNAL


async def test_a_writer_waits_for_the_connection() -> None:
    async with serving(_echo) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(timeout=10)
        await call.write(b"first")
        await call.wait_for_connection()

        assert await call.read() == b"first"


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
async def test_a_connection_is_awaited_before_the_first_request(kind: str) -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.respond(request, b"response")

    async with serving(script) as server, channel(server.target) as opened:
        call = getattr(opened, kind)(_PATH)(timeout=10)
        await asyncio.wait_for(call.wait_for_connection(), 5)
        await call.write(b"first")
        await call.done_writing()

        assert await call.code() is grpc.StatusCode.OK

    async with channel("127.0.0.1:1") as opened:
        call = getattr(opened, kind)(_PATH)(timeout=10)
        with pytest.raises(TransportError) as caught:
            await call.wait_for_connection()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_writer_hears_why_a_call_could_not_begin() -> None:
    async with channel("127.0.0.1:1") as opened:
        await opened.unary_unary(_PATH)(b"", timeout=10).code()
        assert opened.get_state() is grpc.ChannelConnectivity.TRANSIENT_FAILURE

        call = opened.stream_stream(_PATH)(timeout=10)
        with pytest.raises(TransportError) as caught:
            await call.write(b"first")

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_cancelling_ends_the_reading_of_arrived_responses() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.h2.send_headers(request.stream_id, HEAD)
        peer.h2.send_data(request.stream_id, framed(b"one") + framed(b"two"))
        peer.h2.send_headers(request.stream_id, OK, end_stream=True)
        peer.flush()

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.unary_stream(_PATH)(b"", timeout=10)
        assert await call.code() is grpc.StatusCode.OK
        assert await call.read() == b"one"

        assert call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call.read()
        assert await call.code() is grpc.StatusCode.CANCELLED
        assert call.cancelled()
        assert not call.cancel()


async def test_a_writer_notices_that_there_is_no_connection() -> None:
    async with channel("127.0.0.1:1") as opened:
        call = opened.stream_stream(_PATH)(timeout=10)
        with pytest.raises(TransportError) as caught:
            await call.write(b"first")

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_cancelled_reader_cancels_its_call() -> None:
    async with serving(_echo) as server, channel(server.target) as opened:
        call = opened.stream_stream(_PATH)(timeout=10)
        await call.write(b"a")
        assert await call.read() == b"a"
        reading = asyncio.ensure_future(call.read())
        await asyncio.sleep(0)
        reading.cancel()
        peer = server.peers[0]
        await peer.until(lambda: peer.requests[1].reset_code == 8)

        assert call.cancelled()


async def test_a_request_too_large_to_keep_is_not_sent_twice() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.opened()
        await peer.until(lambda: len(request.body) > 300_000)
        peer.h2.reset_stream(request.stream_id, error_code=7)
        peer.flush()

    async with serving(script) as server, channel(server.target) as opened:
        call = opened.stream_unary(_PATH)(timeout=10)
        with pytest.raises(grpc.aio.AioRpcError) as caught:  # noqa: PT012 - any of them may raise
            for _ in range(40):
                await call.write(bytes(10_000))
            await call
        assert len(server.peers[0].requests) == 1

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def _fail(_: Any) -> None:
    raise ValueError("the callback is broken")


async def test_a_failing_callback_harms_nobody() -> None:
    async with serving(_three) as server, channel(server.target) as opened:
        call = opened.unary_stream(_PATH)(b"", timeout=10)
        heard: list[Any] = []
        call.add_done_callback(_fail)
        call.add_done_callback(heard.append)

        assert await call.code() is grpc.StatusCode.OK
        assert heard == [call]


async def test_a_response_that_cannot_be_read_ends_its_stream() -> None:
    async with serving(_three) as server, channel(server.target) as opened:
        call: Any = opened.unary_stream(_PATH, response_deserializer=int)(b"", timeout=10)
        with pytest.raises(TransportError) as caught:
            await call.read()

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "ValueError" in (caught.value.debug_error_string() or "")


async def test_a_stream_has_its_time_and_details() -> None:
    async with serving(_three) as server, channel(server.target) as opened:
        call: Any = opened.unary_stream(_PATH)(b"", timeout=10)
        assert 9 < call.time_remaining() <= 10
        assert await call.details() == ""
        assert await call.debug_error_string() == ""
        unbounded: Any = opened.unary_stream(_PATH)(b"")
        assert unbounded.time_remaining() is None
