"""Client-side health checking: a NOT_SERVING server gets no calls."""

import asyncio
from collections.abc import Callable

import grpc
import pytest

from tests.wire.channel.scripted_server import HEAD, Peer, Request, framed, serving
from wire.channel import Channel, ChannelOptions, channel
from wire.errors import TransportError
from wire.protocol.compression import compress
from wire.protocol.messages import frame_message

_PATH = "/test.Service/Method"
_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": "test.Service"},
}
_OPTIONS = ChannelOptions(service_config=_CONFIG)
_SERVING = b"\x08\x01"
_NOT_SERVING = b"\x08\x02"
# The first pause of gRPC's backoff is 1 s, and at most a fifth more.
_LONGER_THAN_THE_FIRST_PAUSE = 1.3


async def _watch(peer: Peer) -> Request:
    peer.greet()
    request = await peer.request()
    assert request.headers[b":path"] == b"/grpc.health.v1.Health/Watch"
    assert request.body == framed(b"\x0a\x0ctest.Service")
    peer.h2.send_headers(request.stream_id, HEAD)
    peer.flush()
    return request


def _report(peer: Peer, watch: Request, status: bytes) -> None:
    peer.h2.send_data(watch.stream_id, framed(status))
    peer.flush()


async def _until(opened: Channel, state: grpc.ChannelConnectivity) -> None:
    while (now := opened.get_state(try_to_connect=True)) is not state:
        await opened.wait_for_state_change(now)


async def test_a_server_is_called_once_it_reports_serving() -> None:
    async def script(peer: Peer) -> None:
        watch = await _watch(peer)
        _report(peer, watch, _NOT_SERVING)
        await peer.until(lambda: reported_serving)
        _report(peer, watch, _SERVING)
        peer.respond(await peer.request())

    reported_serving = False
    async with serving(script) as server, channel(server.target, options=_OPTIONS) as opened:
        call = opened.unary_unary(_PATH)(b"", timeout=10, wait_for_ready=True)
        await _until(opened, grpc.ChannelConnectivity.TRANSIENT_FAILURE)
        with pytest.raises(TransportError) as caught:
            await opened.unary_unary(_PATH)(b"")
        assert "NOT_SERVING for 'test.Service'" in (caught.value.debug_error_string() or "")
        assert len(server.peers[0].requests) == 1

        reported_serving = True
        server.peers[0].changed.set()
        assert await call == b"response"


async def test_a_server_that_drains_gets_no_new_calls() -> None:
    async def draining(peer: Peer) -> None:
        watch = await _watch(peer)
        _report(peer, watch, _SERVING)
        peer.respond(await peer.request())
        _report(peer, watch, _NOT_SERVING)
        await peer.request()
        raise AssertionError("a call has come to a server that drains")

    async with serving(draining) as server, channel(server.target, options=_OPTIONS) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
        await _until(opened, grpc.ChannelConnectivity.TRANSIENT_FAILURE)


async def test_a_server_without_health_checks_is_called() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.refuse(await peer.request(), (b"grpc-status", b"12"))
        while True:
            peer.respond(await peer.request())

    async with serving(script) as server, channel(server.target, options=_OPTIONS) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"


async def test_a_proxy_that_knows_no_health_is_called() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        watch = await peer.request()
        head = [(b":status", b"404"), (b"content-type", b"text/html")]
        peer.h2.send_headers(watch.stream_id, head)
        peer.h2.send_data(watch.stream_id, b"<html>not found</html>", end_stream=True)
        peer.flush()
        while True:
            peer.respond(await peer.request())

    async with serving(script) as server, channel(server.target, options=_OPTIONS) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate"])
async def test_a_compressed_health_is_read(encoding: bytes) -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        watch = await peer.request()
        assert encoding in watch.headers[b"grpc-accept-encoding"]
        compressed = compress(encoding, _SERVING)
        peer.h2.send_headers(watch.stream_id, [*HEAD, (b"grpc-encoding", encoding)])
        peer.h2.send_data(watch.stream_id, frame_message(compressed, compressed=True))
        peer.flush()
        peer.respond(await peer.request())

    async with serving(script) as server, channel(server.target, options=_OPTIONS) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"


def _end_without_trailers(peer: Peer, watch: Request) -> None:
    peer.h2.end_stream(watch.stream_id)
    peer.flush()


def _reset(peer: Peer, watch: Request) -> None:
    peer.h2.reset_stream(watch.stream_id, error_code=2)
    peer.flush()


# HAProxy and nginx end a stream in these ways when it has been quiet for their timeout.
@pytest.mark.parametrize("end", [_end_without_trailers, _reset])
async def test_a_proxy_may_end_a_quiet_health_watch(end: Callable[[Peer, Request], None]) -> None:
    async def script(peer: Peer) -> None:
        watch = await _watch(peer)
        _report(peer, watch, _SERVING)
        peer.respond(await peer.request())
        await asyncio.sleep(_LONGER_THAN_THE_FIRST_PAUSE)
        end(peer, watch)
        watch_again = await peer.request()
        assert watch_again.headers[b":path"] == b"/grpc.health.v1.Health/Watch"
        restarted.set()
        peer.respond(await peer.request())

    restarted = asyncio.Event()
    async with serving(script) as server, channel(server.target, options=_OPTIONS) as opened:
        method = opened.unary_unary(_PATH)
        assert await method(b"", timeout=10, wait_for_ready=True) == b"response"
        await restarted.wait()
        assert await method(b"", timeout=10) == b"response"


async def test_a_health_watch_without_a_report_holds_a_second() -> None:
    async def script(peer: Peer) -> None:
        watch = await _watch(peer)
        _report(peer, watch, _SERVING)
        await asyncio.sleep(_LONGER_THAN_THE_FIRST_PAUSE)
        _reset(peer, watch)
        await peer.request()
        await peer.lost.wait()

    async with serving(script) as server, channel(server.target, options=_OPTIONS) as opened:
        await _until(opened, grpc.ChannelConnectivity.READY)
        await _until(opened, grpc.ChannelConnectivity.TRANSIENT_FAILURE)
        assert len(server.peers[0].requests) == 2


async def test_health_checks_can_be_left_out() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        peer.respond(await peer.request())

    options = ChannelOptions(service_config=_CONFIG, check_health=False)
    async with serving(script) as server, channel(server.target, options=options) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"


@pytest.mark.parametrize("message", [b"\xff\xff", bytes(2000), b"\x08\x07", b""])
async def test_an_unreadable_health_is_not_serving(message: bytes) -> None:
    async def script(peer: Peer) -> None:
        _report(peer, await _watch(peer), message)
        await peer.lost.wait()

    async with serving(script) as server, channel(server.target, options=_OPTIONS) as opened:
        await _until(opened, grpc.ChannelConnectivity.TRANSIENT_FAILURE)
