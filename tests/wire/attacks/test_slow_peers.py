"""Slow, silent and numerous callers: each limit on time and number, with others beside them."""

import asyncio
from contextlib import AsyncExitStack
from itertools import count

from tests.wire.attacks.attacker import flood, greet, honest_caller
from tests.wire.conformance.echo import serving
from tests.wire.conformance.frames import (
    CANCEL,
    INITIAL_WINDOW_SIZE,
    NO_ERROR,
    PREFACE,
    SETTINGS_TIMEOUT,
    call,
    data,
    headers,
    message,
    request,
    window_update,
)
from tests.wire.conformance.peer import connected
from tests.wire.conformance.seen import (
    connection_end,
    connection_error,
    grpc_status,
    stream_error,
)
from tests.wire.server.connection_log import ConnectionLog
from wire.http2.limits import Limits

SHORT = 0.2
HOLD = request(path=b"/test.Echo/Hold")
CANCELLED, DEADLINE_EXCEEDED = 1, 4
LAST_STREAM = (1 << 31) - 1


async def test_preface_that_does_not_end_in_time() -> None:
    limits = Limits(handshake_timeout=SHORT)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await peer.send(PREFACE[:10])
        await peer.wait_for([connection_error(SETTINGS_TIMEOUT), connection_end()])


async def test_preface_without_settings() -> None:
    limits = Limits(handshake_timeout=SHORT)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await peer.send(PREFACE)
        await peer.wait_for([connection_error(SETTINGS_TIMEOUT), connection_end()])


async def test_silent_connection() -> None:
    limits = Limits(handshake_timeout=SHORT)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await peer.wait_for([connection_error(SETTINGS_TIMEOUT), connection_end()])


async def test_idle_connection_is_closed_in_order() -> None:
    limits = Limits(max_connection_idle=SHORT)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer)
        await peer.wait_for([connection_error(NO_ERROR)])


async def test_old_connection_is_closed_in_order() -> None:
    limits = Limits(max_connection_age=SHORT, max_connection_age_grace=SHORT)
    async with serving(limits) as port, connected(port) as peer:
        await greet(peer)
        await peer.send(call())
        await peer.wait_for([connection_error(NO_ERROR)])
        assert peer.seen.goaways[0].last == LAST_STREAM


async def test_peer_that_acknowledges_no_ping() -> None:
    limits = Limits(keepalive_interval=SHORT, keepalive_timeout=SHORT)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer)
        await peer.send(headers(1, HOLD))
        await peer.wait_for([connection_end()])
        assert peer.seen.pings


async def test_call_without_a_request() -> None:
    limits = Limits(request_timeout=SHORT)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer)
        await peer.send(b"".join(headers(stream, HOLD) for stream in range(1, 200, 2)))
        await peer.wait_for([grpc_status(CANCELLED, stream=1), stream_error(CANCEL)])
        await peer.wait_for([grpc_status(CANCELLED, stream=199), stream_error(CANCEL, stream=199)])


async def test_window_of_0_for_ever() -> None:
    limits = Limits(stalled_timeout=SHORT)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer, (INITIAL_WINDOW_SIZE, 0))
        await peer.send(b"".join(call(stream) for stream in range(1, 200, 2)))
        await peer.wait_for([stream_error(CANCEL)])
        await peer.wait_for([stream_error(CANCEL, stream=199)])


async def test_peer_that_does_not_read() -> None:
    log = ConnectionLog()
    limits = Limits(stalled_timeout=SHORT)
    async with (
        serving(limits, observer=log) as port,
        honest_caller(port),
        connected(port, receive_buffer=4096) as peer,
    ):
        await greet(peer, (INITIAL_WINDOW_SIZE, LAST_STREAM))
        await peer.send(window_update(0, LAST_STREAM - 65_535))
        peer.stop_reading()
        many = message(b"100000")
        await peer.send(call(1, many, path=b"/test.Echo/Repeat"))
        assert (await log.ended.get()).text == "the peer does not read what it is sent"


async def test_refusals_that_nobody_reads() -> None:
    log = ConnectionLog()
    limits = Limits(max_unwritten=20_000)
    async with (
        serving(limits, observer=log) as port,
        honest_caller(port),
        connected(port, receive_buffer=4096) as peer,
    ):
        await greet(peer)
        peer.stop_reading()
        calls = asyncio.create_task(
            flood(peer, (call(stream, path=b"/test.Echo/None") for stream in count(1, 2)))
        )
        assert (await log.ended.get()).text == "the peer does not read what it is sent"
        calls.cancel()


async def test_call_that_takes_longer_than_the_limit() -> None:
    limits = Limits(max_call_duration=SHORT)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer)
        await peer.send(headers(1, HOLD) + data(1))
        await peer.wait_for([grpc_status(DEADLINE_EXCEEDED)])


async def test_call_on_an_old_connection_gets_its_grace_only() -> None:
    limits = Limits(max_connection_age=SHORT, max_connection_age_grace=SHORT)
    async with serving(limits) as port, connected(port) as peer:
        await greet(peer)
        await peer.send(headers(1, HOLD) + data(1))
        await peer.wait_for([connection_end()])


async def test_more_connections_than_the_limit() -> None:
    limits = Limits(max_connections=20)
    async with serving(limits) as port, honest_caller(port):
        async with AsyncExitStack() as stack:
            peers = [await stack.enter_async_context(connected(port)) for _ in range(19)]
            for peer in peers:
                await greet(peer)
            beyond = [await stack.enter_async_context(connected(port)) for _ in range(30)]
            for peer in beyond:
                await peer.wait_for([connection_end()])
            assert not any(peer.seen.closed for peer in peers)
        async with honest_caller(port):
            pass
