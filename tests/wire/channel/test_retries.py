"""Retries: by policy, and at once for calls not seen by any server."""

import asyncio
from typing import Any

import grpc
import pytest
from h2.settings import SettingCodes, Settings

from tests.wire.channel.scripted_server import Peer, Request, respond_to_all, serving
from wire.channel import ChannelOptions, channel

_PATH = "/test.Service/Method"
_UNAVAILABLE = (b"grpc-status", b"14")


def _options(throttling: dict[str, float] | None = None, **changes: Any) -> ChannelOptions:
    policy = {
        "maxAttempts": 3,
        "initialBackoff": "0.01s",
        "maxBackoff": "0.02s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
        **changes,
    }
    config: dict[str, Any] = {"methodConfig": [{"name": [{}], "retryPolicy": policy}]}
    if throttling:
        config["retryThrottling"] = throttling
    return ChannelOptions(service_config=config)


async def test_an_unavailable_server_is_tried_again() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.request(), _UNAVAILABLE)
        peer.refuse(await peer.request(), _UNAVAILABLE)
        peer.respond(await peer.request())

    async with serving(script) as server, channel(server.target, options=_options()) as opened:
        assert await opened.unary_unary(_PATH)(b"request", timeout=10) == b"response"
        requests = list(server.peers[0].requests.values())

    before = [request.headers.get(b"grpc-previous-rpc-attempts") for request in requests]
    assert before == [None, b"1", b"2"]
    assert len({request.body for request in requests}) == 1


async def test_the_last_attempts_status_is_the_callers() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        for number in range(9):
            peer.refuse(await peer.request(), _UNAVAILABLE, (b"grpc-message", b"no. %d" % number))

    async with serving(script) as server, channel(server.target, options=_options()) as opened:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await opened.unary_unary(_PATH)(b"", timeout=10)

    assert caught.value.details() == "no. 2"


async def test_other_statuses_are_not_tried_again() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.request(), (b"grpc-status", b"13"))

    async with serving(script) as server, channel(server.target, options=_options()) as opened:
        assert await opened.unary_unary(_PATH)(b"").code() is grpc.StatusCode.INTERNAL
        assert len(server.peers[0].requests) == 1


@pytest.mark.parametrize("pushback", [b"-1", b"no number"])
async def test_a_server_can_forbid_another_attempt(pushback: bytes) -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.request(), _UNAVAILABLE, (b"grpc-retry-pushback-ms", pushback))

    async with serving(script) as server, channel(server.target, options=_options()) as opened:
        assert await opened.unary_unary(_PATH)(b"").code() is grpc.StatusCode.UNAVAILABLE
        assert len(server.peers[0].requests) == 1


async def test_a_server_can_request_an_attempt_at_once() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.request(), _UNAVAILABLE, (b"grpc-retry-pushback-ms", b"0"))
        peer.respond(await peer.request())

    async with serving(script) as server, channel(server.target, options=_options()) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"


async def test_a_pushback_restarts_the_backoff() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.request(), _UNAVAILABLE)
        peer.refuse(await peer.request(), _UNAVAILABLE, (b"grpc-retry-pushback-ms", b"0"))
        peer.refuse(await peer.request(), _UNAVAILABLE)
        peer.respond(await peer.request())

    # By all failures the last backoff would be 100 s.
    options = _options(maxAttempts=4, backoffMultiplier=100, maxBackoff="100s")
    async with serving(script) as server, channel(server.target, options=options) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=30) == b"response"


async def test_a_response_that_has_begun_is_not_tried_again() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.respond(await peer.request(), b"x", [_UNAVAILABLE])

    async with serving(script) as server, channel(server.target, options=_options()) as opened:
        assert await opened.unary_unary(_PATH)(b"").code() is grpc.StatusCode.UNAVAILABLE
        assert len(server.peers[0].requests) == 1


async def _from_a_proxy(peer: Peer) -> None:
    peer.greet()
    request = await peer.request()
    head = [(b":status", b"503"), (b"content-type", b"text/html")]
    peer.h2.send_headers(request.stream_id, head)
    peer.h2.send_data(request.stream_id, b"<html>no server is here</html>", end_stream=True)
    peer.flush()
    again = await peer.request()
    assert again.body == request.body
    peer.respond(again)


async def test_a_page_of_a_proxy_is_no_response() -> None:
    options = _options()
    async with serving(_from_a_proxy) as server, channel(server.target, options=options) as opened:
        assert await opened.unary_unary(_PATH)(b"one", timeout=10) == b"response"
    async with serving(_from_a_proxy) as server, channel(server.target, options=options) as opened:
        requests = iter([b"one", b"two"])
        assert await opened.stream_unary(_PATH)(requests, timeout=10) == b"response"
    async with serving(_from_a_proxy) as server, channel(server.target, options=options) as opened:
        responses = opened.unary_stream(_PATH)(b"one", timeout=10)
        assert [response async for response in responses] == [b"response"]


async def test_throttled_calls_are_not_tried_again() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        while True:
            peer.refuse(await peer.request(), _UNAVAILABLE)

    options = _options({"maxTokens": 4, "tokenRatio": 0.1})
    async with serving(script) as server, channel(server.target, options=options) as opened:
        method = opened.unary_unary(_PATH)
        # The first call's first failure leaves 3 tokens of 4, its second 2: half, and no more.
        for _ in range(3):
            assert await method(b"").code() is grpc.StatusCode.UNAVAILABLE
        assert len(server.peers[0].requests) == 4


async def test_a_retry_beyond_the_deadline_is_not_waited_for() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.request(), _UNAVAILABLE, (b"grpc-retry-pushback-ms", b"60000"))

    async with serving(script) as server, channel(server.target, options=_options()) as opened:
        call = opened.unary_unary(_PATH)(b"", timeout=30)
        assert await call.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_call_that_waits_for_a_retry_can_be_cancelled() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.request(), _UNAVAILABLE, (b"grpc-retry-pushback-ms", b"60000"))
        peer.respond(await peer.request())

    async with serving(script) as server, channel(server.target, options=_options()) as opened:
        method = opened.unary_unary(_PATH)
        waiting = method(b"")
        assert await method(b"") == b"response"

        assert waiting.cancel()
        assert await waiting.code() is grpc.StatusCode.CANCELLED


async def test_a_refused_stream_goes_out_once_more() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        refused = await peer.request()
        peer.h2.reset_stream(refused.stream_id, error_code=7)
        peer.flush()
        peer.respond(await peer.request())
        for _ in range(2):
            peer.h2.reset_stream((await peer.request()).stream_id, error_code=7)
            peer.flush()

    async with serving(script) as server, channel(server.target) as opened:
        method = opened.unary_unary(_PATH)
        assert await method(b"", timeout=10) == b"response"
        assert await method(b"", timeout=10).code() is grpc.StatusCode.UNAVAILABLE
        assert len(server.peers[0].requests) == 4


async def test_streams_above_goaway_go_to_a_new_connection() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        seen, unseen = await peer.request(), await peer.request()
        assert unseen.stream_id == 3
        peer.h2.close_connection(last_stream_id=seen.stream_id)
        data = peer.h2.data_to_send()
        assert data
        peer.transport.write(data)
        peer.transport.write(_raw_response(seen))
        await peer.lost.wait()

    async with serving(script, respond_to_all) as server, channel(server.target) as opened:
        method = opened.unary_unary(_PATH)
        first, second = method(b"1", timeout=10), method(b"2", timeout=10)

        assert await first == b"late"
        assert await second == b"response"
        assert [len(peer.requests) for peer in server.peers] == [2, 1]


def _raw_response(request: Request) -> bytes:
    # The h2 package sends nothing after its GOAWAY. Indices are from HPACK's static table.
    number = request.stream_id.to_bytes(4, "big")
    head = b"\x88\x5f\x10application/grpc"
    data = b"\x00\x00\x00\x00\x04late"
    trailers = b"\x40\x0bgrpc-status\x010"
    return b"".join(
        len(payload).to_bytes(3, "big") + bytes((kind, flags)) + number + payload
        for kind, flags, payload in ((1, 4, head), (0, 0, data), (1, 5, trailers))
    )


async def test_a_drained_connection_is_closed_behind_its_calls() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.raw(bytes.fromhex("0000080700000000007fffffff00000000"))
        peer.respond(request)
        await peer.lost.wait()
        lost.append(peer)

    lost: list[Peer] = []
    async with serving(script, respond_to_all) as server, channel(server.target) as opened:
        method = opened.unary_unary(_PATH)
        assert await method(b"", timeout=10) == b"response"
        assert await method(b"", timeout=10) == b"response"
        await server.peers[0].lost.wait()
        assert len(server.peers[1].requests) == 1


async def test_a_lost_connection_is_tried_again_by_policy() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        await peer.request()
        peer.transport.abort()

    async with (
        serving(script, respond_to_all) as server,
        channel(server.target, options=_options()) as opened,
    ):
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"


async def test_a_call_not_written_yet_survives_its_connection() -> None:
    async def script(peer: Peer) -> None:
        largest = (1 << 31) - 1
        peer.h2.local_settings = Settings(
            client=False, initial_values={SettingCodes.INITIAL_WINDOW_SIZE: largest}
        )
        peer.greet()
        peer.h2.increment_flow_control_window(largest - 65535)
        peer.respond(await peer.request())
        peer.transport.pause_reading()
        ready.set()
        await full.wait()
        peer.transport.abort()

    ready, full = asyncio.Event(), asyncio.Event()
    async with serving(script, respond_to_all) as server, channel(server.target) as opened:
        method = opened.unary_unary(_PATH)
        assert await method(b"", timeout=10) == b"response"
        await ready.wait()
        # More than an unread socket takes.
        large = method(bytes(32 << 20), timeout=10)
        for _ in range(20):
            await asyncio.sleep(0)
        behind = method(b"", timeout=10)
        full.set()

        assert await behind == b"response"
        assert await large.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_connection_without_numbers_is_replaced() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.respond(await peer.request())
        # The next stream has the last possible number.
        (connection,) = opened._dispatcher._settings.connections  # noqa: SLF001
        connection.next_stream_id = (1 << 31) - 3
        ready.set()
        for _ in range(2):
            peer.respond(await peer.request())

    ready = asyncio.Event()
    async with serving(script, respond_to_all) as server, channel(server.target) as opened:
        method = opened.unary_unary(_PATH)
        assert await method(b"", timeout=10) == b"response"
        await ready.wait()
        for _ in range(3):
            assert await method(b"", timeout=10) == b"response"
        assert len(server.peers) == 2
