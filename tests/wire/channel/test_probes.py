"""A server freezes: only its calls in flight are lost."""

import asyncio
from typing import Any

import grpc
import pytest

from tests.wire.channel.scripted_server import (
    Peer,
    ScriptedServer,
    reserved_port,
    respond_to_all,
    serving,
)
from wire.channel import Channel, ChannelOptions, channel
from wire.errors import TransportError

_PATH = "/test.Service/Method"
_CONFIG: dict[str, Any] = {"loadBalancingConfig": [{"round_robin": {}}]}


_PING_ACKNOWLEDGED = bytes.fromhex("000008060100000000") + b"wireping"


async def _freeze(peer: Peer) -> None:
    peer.greet()
    await peer.request()
    peer.is_deaf = True
    await peer.lost.wait()


async def _outcome(call: Any) -> grpc.StatusCode:
    code: grpc.StatusCode = await call.code()
    return code


async def _call_until_frozen(method: Any, opened: Channel, server: ScriptedServer) -> None:
    """Calls until the server is deaf, and the channel has noticed its silence."""
    while not (server.peers and server.peers[0].is_deaf):
        await _outcome(method(b"", timeout=0.02))
    while "does not respond" not in (opened.last_error or ""):
        await _outcome(method(b"", timeout=0.02))


async def test_a_frozen_server_gets_no_new_calls() -> None:
    options = ChannelOptions(service_config=_CONFIG, probe_interval=0.05)
    async with serving(_freeze) as frozen, serving(respond_to_all) as alive:
        target = f"ipv4:{frozen.target},{alive.target}"
        async with channel(target, options=options) as opened:
            method = opened.unary_unary(_PATH)
            while not (frozen.peers and alive.peers and frozen.peers[0].is_deaf):
                await _outcome(method(b"", timeout=0.02))
            # Calls go to both until the probe notices the silence of one.
            while "does not respond" not in (opened.last_error or ""):
                await _outcome(method(b"", timeout=0.02))

            # With shared calls, one of two would fail.
            in_a_row = 0
            while in_a_row < 20:
                answered = await _outcome(method(b"", timeout=5)) is grpc.StatusCode.OK
                in_a_row = in_a_row + 1 if answered else 0


async def test_a_server_that_thaws_gets_calls_again() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        peer.is_deaf = True
        await thaw.wait()
        peer.is_deaf = False
        peer.raw(_PING_ACKNOWLEDGED)
        peer.respond(request)
        while True:
            peer.respond(await peer.request())

    thaw = asyncio.Event()
    options = ChannelOptions(service_config=_CONFIG, probe_interval=0.05)
    async with serving(script) as frozen, serving(respond_to_all) as alive:
        target = f"ipv4:{frozen.target},{alive.target}"
        async with channel(target, options=options) as opened:
            method = opened.unary_unary(_PATH)
            await _call_until_frozen(method, opened, frozen)
            thaw.set()
            before = len(frozen.peers[0].requests)
            while len(frozen.peers[0].requests) == before:
                assert await method(b"", timeout=10) == b"response"
            assert len(frozen.peers) == 1


async def test_the_only_server_is_called_though_it_is_silent() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        first = await peer.request()
        peer.is_deaf = True
        await thaw.wait()
        peer.is_deaf = False
        peer.raw(_PING_ACKNOWLEDGED)
        peer.respond(first)

    thaw = asyncio.Event()
    options = ChannelOptions(probe_interval=0.02)
    async with serving(script) as server, channel(server.target, options=options) as opened:
        stuck = opened.unary_unary(_PATH)(b"", timeout=10)
        while "does not respond" not in (opened.last_error or ""):
            await _outcome(opened.unary_unary(_PATH)(b"", timeout=0.02))

        assert opened.get_state() is grpc.ChannelConnectivity.READY
        impatient = opened.unary_unary(_PATH)(b"", timeout=0.05)
        assert await _outcome(impatient) is grpc.StatusCode.DEADLINE_EXCEEDED
        thaw.set()
        assert await stuck == b"response"


async def test_pick_first_leaves_a_server_that_has_frozen() -> None:
    options = ChannelOptions(probe_interval=0.05)
    async with serving(_freeze) as frozen, serving(respond_to_all) as alive:
        target = f"ipv4:{frozen.target},{alive.target}"
        async with channel(target, options=options) as opened:
            method = opened.unary_unary(_PATH)
            while not alive.peers:
                await _outcome(method(b"", timeout=0.02))

            call = method(b"", timeout=10, wait_for_ready=True)
            assert await call == b"response"


async def test_pick_first_comes_back_to_the_last_server() -> None:
    options = ChannelOptions(initial_backoff=0.05, max_backoff=0.05, probe_interval=0.05)
    with reserved_port() as port:
        async with serving(_freeze, respond_to_all) as thawing:
            target = f"ipv4:127.0.0.1:{port},{thawing.target}"
            async with channel(target, options=options) as opened:
                method = opened.unary_unary(_PATH)
                await _call_until_frozen(method, opened, thawing)

                call = method(b"", timeout=10, wait_for_ready=True)
                assert await call == b"response"


async def test_a_connection_without_responses_is_closed() -> None:
    options = ChannelOptions(probe_interval=0.05, keepalive_timeout=0.2)
    async with (
        serving(_freeze, respond_to_all) as server,
        channel(server.target, options=options) as opened,
    ):
        with pytest.raises(TransportError) as caught:
            await opened.unary_unary(_PATH)(b"", timeout=30)

        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "does not respond to pings" in (caught.value.debug_error_string() or "")
        call = opened.unary_unary(_PATH)(b"", timeout=10, wait_for_ready=True)
        assert await call == b"response"


async def test_a_slow_server_is_pinged_twice_at_most() -> None:
    async def script(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        await peer.until(lambda: peer.pings == 2)
        # Any further ones would come now, before the response.
        await asyncio.sleep(0.2)
        peer.respond(request)

    options = ChannelOptions(probe_interval=0.02)
    async with serving(script) as server, channel(server.target, options=options) as opened:
        assert await opened.unary_unary(_PATH)(b"", timeout=10) == b"response"
        assert server.peers[0].pings == 2


async def test_a_server_that_wants_fewer_pings_gets_fewer_from_then_on() -> None:
    async def calmed(peer: Peer) -> None:
        peer.greet()
        await peer.request()
        await peer.until(lambda: peer.pings == 1)
        peer.h2.close_connection(error_code=11, additional_data=b"too_many_pings")
        peer.flush()
        peer.transport.close()

    async def slow(peer: Peer) -> None:
        peer.greet()
        request = await peer.request()
        # Quick pings would come now, before the response.
        await asyncio.sleep(0.2)
        peer.respond(request)

    options = ChannelOptions(probe_interval=0.02)
    async with serving(calmed, slow) as server, channel(server.target, options=options) as opened:
        method = opened.unary_unary(_PATH)
        assert await _outcome(method(b"", timeout=10)) is grpc.StatusCode.UNAVAILABLE
        assert await method(b"", timeout=10, wait_for_ready=True) == b"response"
        assert server.peers[1].pings <= 1


async def test_an_idle_connection_is_not_pinged() -> None:
    options = ChannelOptions(probe_interval=0.01)
    async with serving(respond_to_all) as server, channel(server.target, options=options) as opened:
        await opened.unary_unary(_PATH)(b"", timeout=10)
        await asyncio.sleep(0.1)
        assert server.peers[0].pings == 0
