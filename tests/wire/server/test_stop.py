"""A server stops: no call is lost, and nobody delays the exit."""

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import grpc
import pytest

from tests.wire.conformance import frames
from tests.wire.conformance.peer import Peer, connected
from tests.wire.conformance.seen import Expectation
from tests.wire.server.service import METHOD, channel_to, failure, handlers, method, never, serving
from wire.server import connection_drain, server

_REQUEST = frames.request(path=METHOD.encode())


async def _echo(request: bytes, context: Any) -> bytes:
    return request


async def _chat(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


async def _greet(peer: Peer) -> None:
    await peer.send(frames.PREFACE + frames.settings())
    await peer.wait_for([Expectation("SETTINGS", lambda seen: seen.settings_frames > 0)])


def _pings(count: int) -> Expectation:
    return Expectation(f"{count} PING", lambda seen: len(seen.pings) >= count)


def _goaways(count: int) -> Expectation:
    return Expectation(f"{count} GOAWAY", lambda seen: len(seen.goaways) >= count)


async def _seconds_of_a_stop() -> float:
    async with (
        serving("unary_unary", _echo) as (stopping, port),
        channel_to(port) as channel,
    ):
        await channel.unary_unary(METHOD)(b"")
        started = perf_counter()
        await stopping.stop(30)
        return perf_counter() - started


async def test_a_stop_with_nothing_in_flight_is_quick() -> None:
    # It takes 1 ms, and 40 ms with Nagle's algorithm. A machine under load takes longer.
    assert min([await _seconds_of_a_stop() for _ in range(5)]) < 0.03


async def test_calls_in_flight_are_answered() -> None:
    begun = asyncio.Event()
    go_on = asyncio.Event()

    async def wait(request: bytes, context: Any) -> bytes:
        begun.set()
        await go_on.wait()
        return request

    async with (
        serving("unary_unary", wait) as (stopping, port),
        channel_to(port) as channel,
    ):
        call = channel.unary_unary(METHOD)(b"hello")
        await begun.wait()
        stop = asyncio.create_task(stopping.stop(30))
        await asyncio.sleep(0)
        go_on.set()
        assert await call == b"hello"
        await stop


async def test_calls_that_are_on_their_way_are_answered() -> None:
    async with serving("unary_unary", _echo) as (stopping, port), connected(port) as peer:
        await _greet(peer)
        stop = asyncio.create_task(stopping.stop(30))
        await peer.wait_for([_goaways(1)])
        assert peer.seen.goaways[0].last == frames.LARGEST_WINDOW
        # This call crosses the GOAWAY. The ACK of the PING follows the call.
        await peer.send(frames.headers(1, _REQUEST) + frames.data(1))
        await peer.send(frames.ping(b"draining", ack=True))
        await peer.wait_for([_goaways(2)])
        assert peer.seen.goaways[1].last == 1
        await peer.wait_for([Expectation("a response", lambda seen: 1 in seen.ended)])
        assert bytes(peer.seen.data[1]) == frames.HELLO
        await peer.close()
        await stop


async def test_a_goaway_waits_for_a_round_trip_without_responses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_drain, "_LONGEST_LOOK", 30)
    monkeypatch.setattr(connection_drain, "ACK_TIME", 30)
    async with serving("unary_unary", _echo) as (stopping, port), connected(port) as peer:
        await _greet(peer)
        stop = asyncio.create_task(stopping.stop(60))
        await peer.wait_for([_pings(1)])
        await peer.send(frames.headers(1, _REQUEST) + frames.data(1))
        await peer.wait_for([Expectation("a response", lambda seen: 1 in seen.ended)])
        await peer.send(frames.ping(peer.seen.pings[0], ack=True))
        await peer.wait_for([_pings(2)])
        assert not peer.seen.goaways
        await peer.send(frames.ping(peer.seen.pings[1], ack=True))
        await peer.wait_for([_goaways(1)])
        await peer.close()
        await stop


@pytest.mark.parametrize("bound", ["_LONGEST_LOOK", "ACK_TIME"])
async def test_a_goaway_waits_no_longer_than(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LONGEST_LOOK", "ACK_TIME"):
        monkeypatch.setattr(connection_drain, name, 0 if name == bound else 30)
    async with serving("unary_unary", _echo) as (stopping, port), connected(port) as peer:
        await _greet(peer)
        stop = asyncio.create_task(stopping.stop(60))
        await peer.wait_for([_goaways(1)])
        await peer.close()
        await stop


async def test_a_peer_that_is_silent_does_not_hold_the_exit() -> None:
    async with serving("unary_unary", _echo) as (stopping, port), connected(port) as peer:
        await _greet(peer)
        started = perf_counter()
        await stopping.stop(30)
        assert perf_counter() - started < 5


async def test_a_call_without_a_request_does_not_hold_it() -> None:
    async with serving("unary_unary", _echo) as (stopping, port), connected(port) as peer:
        await _greet(peer)
        await peer.send(frames.headers(1, _REQUEST) + frames.ping())
        await peer.wait_for(
            [Expectation("a PING's acknowledgement", lambda seen: bool(seen.pongs))]
        )
        started = perf_counter()
        await stopping.stop(30)
        assert perf_counter() - started < 5


async def test_a_watch_does_not_hold_it() -> None:
    async def watch(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield b"SERVING"
        await never()

    watched = server(
        [handlers("grpc.health.v1.Health", Watch=method("unary_stream", watch))],
    )
    port = watched.add_insecure_port("127.0.0.1:0")
    await watched.start()
    async with channel_to(port) as channel:
        watching = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")
        await watching.read()
        started = perf_counter()
        await watched.stop(30)
        assert perf_counter() - started < 5
        error = await failure(watching.read())
    assert error.code() is grpc.StatusCode.UNAVAILABLE


async def test_what_is_left_after_the_grace_is_unavailable() -> None:
    begun = asyncio.Event()
    cancelled = asyncio.Event()

    async def wait(request: bytes, context: Any) -> bytes:
        begun.set()
        try:
            return await never()
        finally:
            cancelled.set()

    async with (
        serving("unary_unary", wait) as (stopping, port),
        channel_to(port) as channel,
    ):
        call = channel.unary_unary(METHOD)(b"")
        await begun.wait()
        await stopping.stop(0.1)
        error = await failure(call)
        await asyncio.wait_for(cancelled.wait(), 10)
    assert error.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("graces", [(60, None), (60, 0.2, 60), (0.2, 60)])
async def test_a_further_stop_shortens_the_grace(graces: tuple[float | None, ...]) -> None:
    begun = asyncio.Event()

    async def wait(request: bytes, context: Any) -> bytes:
        begun.set()
        return await never()

    async with (
        serving("unary_unary", wait) as (stopping, port),
        channel_to(port) as channel,
    ):
        call = channel.unary_unary(METHOD)(b"")
        await begun.wait()
        started = perf_counter()
        await asyncio.gather(*[stopping.stop(grace) for grace in graces])
        assert perf_counter() - started < 20
        assert (await failure(call)).code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("grace", [None, 30])
async def test_a_stop_waits_for_the_last_work_of_methods(grace: float | None) -> None:
    begun = asyncio.Event()
    work: list[str] = []

    async def fail(request: bytes, context: Any) -> bytes:
        try:
            begun.set()
            if grace is None:
                return await never()
            await context.abort(grpc.StatusCode.ABORTED)
            return b""
        finally:
            await asyncio.sleep(0.2)
            work.append("done")

    async with (
        serving("unary_unary", fail) as (stopping, port),
        channel_to(port) as channel,
    ):
        call = channel.unary_unary(METHOD)(b"")
        await begun.wait()
        started = perf_counter()
        await stopping.stop(grace)
        assert work == ["done"]
        assert perf_counter() - started < 20
        await failure(call)


async def test_a_server_that_was_stopped_does_not_start() -> None:
    stopped = server()
    stopped.add_insecure_port("127.0.0.1:0")
    await stopped.stop(None)
    with pytest.raises(RuntimeError, match="stopped"):
        await stopped.start()


async def test_an_open_stream_ends_with_the_grace() -> None:
    async with (
        serving("stream_stream", _chat) as (stopping, port),
        channel_to(port) as channel,
    ):
        chat = channel.stream_stream(METHOD)()
        await chat.write(b"hello")
        assert await chat.read() == b"hello"
        started = perf_counter()
        await stopping.stop(0.2)
        assert perf_counter() - started < 5


async def test_the_port_is_free_after_a_stop() -> None:
    async with serving("unary_unary", _echo) as (stopping, port):
        await stopping.stop(0)
        again = server()
        assert again.add_insecure_port(f"127.0.0.1:{port}") == port
        await again.stop(0)


async def test_termination_is_heard_of() -> None:
    async with serving("unary_unary", _echo) as (stopping, _):
        assert await stopping.wait_for_termination(0.01) is True
        waiting = asyncio.create_task(stopping.wait_for_termination())
        await stopping.stop(0)
        assert await waiting is False
