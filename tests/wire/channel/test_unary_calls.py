"""Unary calls against a scripted server."""

import asyncio
import zlib
from time import perf_counter
from typing import Any

import grpc
import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes, Settings

from tests.wire.channel.scripted_server import HEAD, OK, Peer, framed, respond_to_all, serving
from wire.channel import Channel, ChannelOptions, channel
from wire.errors import MetadataError, TransportError

_PATH = "/test.Service/Method"


def _method(opened: Channel) -> Any:
    return opened.unary_unary(_PATH)


async def test_a_response_comes_back() -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        call = _method(opened)(b"request", timeout=5, metadata=[("a", "1"), ("b-bin", b"\x00")])

        assert await call == b"response"
        assert await call.code() is grpc.StatusCode.OK
        assert await call.details() == ""
        assert call.done()
        assert not call.cancelled()
        assert call.time_remaining() <= 5

        request = server.peers[0].requests[1]
        assert request.body == framed(b"request")
        assert request.headers[b":path"] == _PATH.encode()
        assert request.headers[b":authority"] == server.target.encode()
        assert request.headers[b"te"] == b"trailers"
        assert request.headers[b"content-type"] == b"application/grpc"
        assert request.headers[b"grpc-timeout"].endswith(b"u")
        assert (request.headers[b"a"], request.headers[b"b-bin"]) == (b"1", b"AA")


async def test_later_calls_have_their_own_values() -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        for number in range(5):
            metadata = [("x-request-id", f"id-{number}"), ("other", "x" * 60 * number)]
            await _method(opened)(b"", timeout=5 + number, metadata=metadata)
        await opened.unary_unary("/test.Service/Other")(b"", metadata=[("x-request-id", "last")])

        requests = list(server.peers[0].requests.values())
        for number, request in enumerate(requests[:5]):
            assert request.headers[b"x-request-id"] == b"id-%d" % number
            assert request.headers[b"other"] == b"x" * 60 * number
        assert requests[5].headers[b":path"] == b"/test.Service/Other"
        assert requests[5].headers[b"x-request-id"] == b"last"
        assert b"other" not in requests[5].headers


async def test_a_status_of_the_server_is_the_callers() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.refuse(
            request,
            (b"grpc-status", b"3"),
            (b"grpc-message", b"bad n%C3%A4me"),
            (b"d-bin", b"AAE="),
        )

    async with serving(script) as server, channel(server.target) as opened:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _method(opened)(b"")

    assert not isinstance(caught.value, TransportError)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "bad näme"
    assert caught.value.trailing_metadata() == grpc.aio.Metadata(("d-bin", b"\x00\x01"))


async def test_metadata_of_both_ends_comes_back() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.h2.send_headers(request.stream_id, [*HEAD, (b"first", b"1")])
        peer.flush()
        await peer.opened()
        peer.h2.send_data(request.stream_id, framed(b"x"))
        peer.h2.send_headers(request.stream_id, [*OK, (b"last", b"2")], end_stream=True)
        peer.flush()

    async with serving(script) as server, channel(server.target) as opened:
        call = _method(opened)(b"")
        assert await call.initial_metadata() == grpc.aio.Metadata(("first", "1"))
        assert not call.done()
        _method(opened)(b"")

        assert await call == b"x"
        assert await call.trailing_metadata() == grpc.aio.Metadata(("last", "2"))


@pytest.mark.parametrize("kind", ["unary_unary", "stream_stream"])
@pytest.mark.parametrize("seconds", [0, -1, 1e-9])
async def test_a_call_without_time_is_not_sent(kind: str, seconds: float) -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        await _method(opened)(b"", timeout=5)
        call: Any = getattr(opened, kind)(_PATH)(b"", timeout=seconds)

        assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await _method(opened)(b"", timeout=5)
        assert [*server.peers[0].requests] == [1, 3]


async def test_a_call_may_have_all_time() -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        assert await _method(opened)(b"", timeout=float("inf")) == b"response"
        assert server.peers[0].requests[1].headers[b"grpc-timeout"] == b"99999999H"


async def test_a_deadline_ends_a_call_at_both_sides() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()

    async with serving(script) as server, channel(server.target) as opened:
        opened.get_state(try_to_connect=True)
        await opened.channel_ready()
        with pytest.raises(TransportError) as caught:
            await _method(opened)(b"", timeout=0.05)
        peer = server.peers[0]
        await peer.until(lambda: peer.requests[1].reset_code == 8)

    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert server.target not in (caught.value.details() or "")
    assert server.target in (caught.value.debug_error_string() or "")


async def test_a_cancelled_call_is_reset() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()

    async with serving(script) as server, channel(server.target) as opened:
        await opened.channel_ready()
        call = _method(opened)(b"")
        peer = server.peers[0]
        await peer.until(lambda: 1 in peer.requests)

        assert call.cancel()
        assert not call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await call.code() is grpc.StatusCode.CANCELLED
        assert await call.details() == "the call was cancelled by this side"
        await peer.until(lambda: peer.requests[1].reset_code == 8)


async def test_cancelling_the_awaiting_task_cancels_the_call() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()

    async with serving(script) as server, channel(server.target) as opened:
        await opened.channel_ready()
        task = asyncio.ensure_future(_method(opened)(b""))
        peer = server.peers[0]
        await peer.until(lambda: 1 in peer.requests)
        task.cancel()
        await peer.until(lambda: peer.requests[1].reset_code == 8)


async def test_done_callbacks_get_the_call() -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        called: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        call = _method(opened)(b"")
        call.add_done_callback(called.set_result)

        assert await called is call


async def test_metadata_that_cannot_be_sent_is_refused() -> None:
    opened = channel("127.0.0.1:1")
    for metadata in ([("Upper", "x")], [("te", "x")], [("a", "é")]):
        with pytest.raises(MetadataError):
            _method(opened)(b"", metadata=metadata)
    await opened.close()


async def test_a_large_request_and_response_pass_the_windows() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        body = request.body
        peer.h2.send_headers(request.stream_id, HEAD)
        while body:
            window = peer.h2.local_flow_control_window(request.stream_id)
            if not window:
                peer.changed.clear()
                await peer.changed.wait()
                continue
            size = min(window, peer.h2.max_outbound_frame_size)
            peer.h2.send_data(request.stream_id, body[:size])
            body = body[size:]
            peer.flush()
        peer.h2.send_headers(request.stream_id, OK, end_stream=True)
        peer.flush()

    message = bytes(range(256)) * 8192
    async with serving(script) as server, channel(server.target) as opened:
        assert await _method(opened)(message) == message


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_a_request_is_compressed_where_a_call_selects_it(
    compression: grpc.Compression,
) -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        await _method(opened)(b"a" * 1000, compression=compression)
        request = server.peers[0].requests[1]

    assert request.headers[b"grpc-encoding"] == compression.name.lower().encode()
    assert request.body[0] == 1
    assert len(request.body) < 100


async def test_calls_beyond_the_servers_streams_wait() -> None:
    async def script(peer: Peer) -> None:
        # The h2 package refuses a third stream.
        peer.h2.local_settings = Settings(
            client=False, initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: 2}
        )
        peer.greet()
        for _ in range(5):
            for request in (await peer.request(), await peer.request()):
                peer.respond(request)

    async with serving(script) as server, channel(server.target) as opened:
        calls = [_method(opened)(b"", timeout=5) for _ in range(10)]

        assert await asyncio.gather(*calls) == [b"response"] * 10


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(0.01, grpc.StatusCode.DEADLINE_EXCEEDED), (10, grpc.StatusCode.CANCELLED)],
)
async def test_a_servers_cancel_at_the_deadline_is_the_deadline(
    seconds: float, code: grpc.StatusCode
) -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        deadline = perf_counter() + min(seconds, 0.02)
        while perf_counter() < deadline:
            # The channel's timer does not fire meanwhile. The reset is read ahead of it.
            pass
        peer.h2.reset_stream(request.stream_id, ErrorCodes.CANCEL)
        peer.flush()

    async with serving(script) as server, channel(server.target) as opened:
        await opened.channel_ready()
        assert await _method(opened)(b"", timeout=seconds).code() is code


async def test_a_deadline_without_a_stream_says_so() -> None:
    async def script(peer: Peer) -> None:
        peer.h2.local_settings = Settings(
            client=False, initial_values={SettingCodes.MAX_CONCURRENT_STREAMS: 0}
        )
        peer.greet()

    async with serving(script) as server, channel(server.target) as opened:
        await opened.channel_ready()
        call = _method(opened)(b"", timeout=0.05)
        assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "no free stream" in await call.debug_error_string()


async def test_a_closed_channel_takes_no_calls() -> None:
    async with serving(respond_to_all) as server:
        opened = channel(server.target)
        await _method(opened)(b"")
        await opened.close()
        await opened.close()

        assert opened.get_state() is grpc.ChannelConnectivity.SHUTDOWN
        with pytest.raises(grpc.aio.UsageError):
            _method(opened)(b"")


async def test_closing_cancels_calls() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()

    async with serving(script) as server:
        opened = channel(server.target)
        await opened.channel_ready()
        call = _method(opened)(b"")
        await opened.close()

        with pytest.raises(asyncio.CancelledError):
            await call


async def test_closing_with_a_grace_lets_calls_end() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        closing.set()
        await asyncio.sleep(0)
        peer.respond(request)

    closing = asyncio.Event()
    async with serving(script) as server:
        opened = channel(server.target)
        call = _method(opened)(b"")
        await closing.wait()
        await opened.close(grace=10)

        assert await call == b"response"


async def test_a_grace_that_is_cut_short_leaves_no_channel_open() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()

    async with serving(script) as server:
        opened = channel(server.target)
        call = _method(opened)(b"")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(opened.close(grace=10), 0.05)

        assert opened.get_state() is grpc.ChannelConnectivity.SHUTDOWN
        assert call.cancelled()


async def test_a_serializer_and_a_deserializer_are_used() -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        call = opened.unary_unary(
            _PATH,
            request_serializer=lambda text: text.encode(),
            response_deserializer=lambda data: data.decode(),
        )

        assert await call("text") == "response"
        assert server.peers[0].requests[1].body == framed(b"text")


async def test_the_options_name_the_authority() -> None:
    options = ChannelOptions(authority="orc2.example", user_agent="test/1")
    async with serving(respond_to_all) as server, channel(server.target, options=options) as opened:
        await _method(opened)(b"")
        headers = server.peers[0].requests[1].headers

    assert headers[b":authority"] == b"orc2.example"
    assert headers[b"user-agent"] == b"test/1"


async def test_a_compressed_response_in_pieces_is_read() -> None:
    message = zlib.compress(b"response " * 1000)
    data = b"\x01" + len(message).to_bytes(4, "big") + message

    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        assert b"deflate" in request.headers[b"grpc-accept-encoding"]
        peer.h2.send_headers(request.stream_id, [*HEAD, (b"grpc-encoding", b"deflate")])
        for start in range(0, len(data), 10):
            peer.h2.send_data(request.stream_id, data[start : start + 10])
        peer.h2.send_headers(request.stream_id, OK, end_stream=True)
        peer.flush()

    async with serving(script) as server, channel(server.target) as opened:
        assert await _method(opened)(b"", timeout=10) == b"response " * 1000


async def test_a_failure_gives_its_parts() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.request(), (b"grpc-status", b"5"), (b"grpc-message", b"none"))

    async with serving(script) as server, channel(server.target) as opened:
        call = _method(opened)(b"", timeout=10)

        assert await call.details() == "none"
        assert "NOT_FOUND: none" in await call.debug_error_string()
        with pytest.raises(grpc.aio.AioRpcError):
            await call.wait_for_connection()


async def test_a_connection_can_be_waited_for() -> None:
    async with serving(respond_to_all) as server, channel(server.target) as opened:
        call = _method(opened)(b"", timeout=10)
        await call.wait_for_connection()

        assert await call == b"response"
        assert await call.debug_error_string() == ""


async def test_headers_larger_than_a_frame_arrive() -> None:
    metadata = [(f"x-{number}", "v" * 4000) for number in range(10)]

    async def script(peer: Peer) -> None:
        peer.h2.local_settings = Settings(
            client=False, initial_values={SettingCodes.MAX_HEADER_LIST_SIZE: 1 << 20}
        )
        peer.h2.decoder.max_header_list_size = 1 << 20
        peer.greet()
        while True:
            peer.respond(await peer.request())

    async with serving(script) as server, channel(server.target) as opened:
        for _ in range(2):
            assert await _method(opened)(b"", timeout=10, metadata=metadata) == b"response"
        for request in server.peers[0].requests.values():
            assert request.headers[b"x-9"] == b"v" * 4000


async def test_the_service_config_gives_what_a_call_leaves_out() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()

    methods = [{"name": [{"service": "test.Service"}], "timeout": "0.05s", "waitForReady": True}]
    options = ChannelOptions(service_config={"methodConfig": methods})
    async with serving(script) as server, channel(server.target, options=options) as opened:
        for timeout in (None, 60):
            call = _method(opened)(b"", timeout=timeout)
            assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    async with channel("127.0.0.1:1", options=options) as opened:
        assert await _method(opened)(b"").code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_call_credentials_are_refused() -> None:
    credentials = grpc.access_token_call_credentials("token")
    async with channel("127.0.0.1:1") as opened:
        for method in (opened.unary_unary, opened.unary_stream):
            with pytest.raises(ValueError, match="call credentials"):
                method(_PATH)(b"", credentials=credentials)


async def test_a_deserializer_that_fails_ends_its_call_alone() -> None:
    def fail(data: bytes) -> str:
        raise TypeError(f"no text: {data!r}")

    async with serving(respond_to_all) as server, channel(server.target) as opened:
        call: Any = opened.unary_unary(_PATH, response_deserializer=fail)(b"", timeout=10)
        assert await call.code() is grpc.StatusCode.INTERNAL
        assert await call.details() == "an upstream service's answer cannot be read"
        assert "no text" in await call.debug_error_string()
        assert await _method(opened)(b"", timeout=10) == b"response"
