"""A server attacks a channel: it loses the connection, and the next one serves."""

from collections.abc import Iterator
from itertools import repeat

import grpc
import pytest

from tests.wire.attacks.attacker import flood
from tests.wire.conformance.frames import (
    ENHANCE_YOUR_CALM,
    HELLO,
    SETTINGS_ACK,
    block,
    continuation,
    data,
    frame,
    headers,
    ping,
    priority,
    rst_stream,
    settings,
    window_update,
)
from tests.wire.conformance.seen import connection_error, stream_error
from tests.wire.conformance.upstream import GREETING, HEAD, head, listening, request_on
from wire.channel import ChannelOptions, channel
from wire.http2.limits import Limits

FRAMES = 30_000
INFORMATIONAL = headers(1, block([(b":status", b"103")]))

FLOODS: dict[str, tuple[bytes, bytes]] = {
    "PING": (b"", ping()),
    "PING with ACK": (b"", ping(ack=True)),
    "SETTINGS": (b"", settings()),
    "SETTINGS with ACK": (b"", SETTINGS_ACK),
    "PRIORITY": (b"", priority(1)),
    "WINDOW_UPDATE": (b"", window_update(0, 1)),
    "WINDOW_UPDATE of a stream": (b"", window_update(1, 1)),
    "empty DATA": (head(1), data(1, b"", end=False)),
    "unknown frames": (b"", frame(0xFE, 0, 0)),
    "resets of closed streams": (rst_stream(1), rst_stream(1)),
    "CONTINUATION": (
        headers(1, block(HEAD), end_headers=False),
        continuation(1, b"", end_headers=False),
    ),
}


def frames_of(octets: bytes) -> Iterator[bytes]:
    return repeat(octets, FRAMES)


@pytest.mark.parametrize("name", FLOODS)
async def test_flood_ends_the_connection(name: str) -> None:
    prelude, again = FLOODS[name]
    options = ChannelOptions(initial_backoff=0.01, max_backoff=0.01)
    async with (
        listening() as upstream,
        channel(f"ipv4:127.0.0.1:{upstream.port}", options=options) as calls,
    ):
        echo = calls.unary_unary("/test.Echo/Echo")
        attacked = echo(b"hello")
        peer = await upstream.first
        await peer.send(GREETING + SETTINGS_ACK)
        await peer.wait_for([request_on(1)])
        await peer.send(prelude)
        await flood(peer, frames_of(again))
        await peer.wait_for([connection_error(ENHANCE_YOUR_CALM)])
        with pytest.raises(grpc.aio.AioRpcError):
            await attacked
        assert await echo(b"hello", wait_for_ready=True) == b"hello"


async def test_informational_headers_without_an_end() -> None:
    async with listening() as upstream, channel(f"ipv4:127.0.0.1:{upstream.port}") as calls:
        call = calls.unary_unary("/test.Echo/Echo")(b"hello")
        peer = await upstream.first
        await peer.send(GREETING + SETTINGS_ACK)
        await peer.wait_for([request_on(1)])
        await flood(peer, repeat(INFORMATIONAL, 1000))
        await peer.wait_for([stream_error(8, 11), connection_error(ENHANCE_YOUR_CALM)])
        with pytest.raises(grpc.aio.AioRpcError):
            await call


async def test_response_that_never_ends_is_bounded() -> None:
    options = ChannelOptions(limits=Limits(max_message_bytes=100_000))
    async with (
        listening() as upstream,
        channel(f"ipv4:127.0.0.1:{upstream.port}", options=options) as calls,
    ):
        call = calls.unary_unary("/test.Echo/Echo")(b"hello")
        peer = await upstream.first
        await peer.send(GREETING + SETTINGS_ACK)
        await peer.wait_for([request_on(1)])
        await peer.send(head(1) + data(1, b"\x00\x7f\xff\xff\xff" + HELLO, end=False))
        await peer.wait_for([stream_error(8, 11)])
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
