"""Harmless traffic resembles an attack: an honest caller keeps its connection."""

from tests.wire.attacks.attacker import greet
from tests.wire.conformance.echo import serving
from tests.wire.conformance.frames import (
    INITIAL_WINDOW_SIZE,
    LARGEST_WINDOW,
    call,
    data,
    headers,
    message,
    ping,
    request,
    rst_stream,
    window_update,
)
from tests.wire.conformance.peer import Peer, connected
from tests.wire.conformance.seen import Expectation, grpc_status, pong, response
from wire.http2.limits import Limits

HOLD = request(path=b"/test.Echo/Hold")
LAST = 99_999
UNIMPLEMENTED = 12


async def still_served(peer: Peer) -> None:
    await peer.send(ping(b"and last") + call(LAST))
    await peer.wait_for([pong(b"and last")])
    await peer.wait_for([response(LAST)])
    assert not peer.seen.goaways


async def test_all_calls_of_a_connection_are_cancelled_at_once() -> None:
    streams = range(1, 2 * Limits().max_concurrent_streams, 2)
    async with serving() as port, connected(port) as peer:
        await greet(peer)
        await peer.send(b"".join(headers(stream, HOLD) + data(stream) for stream in streams))
        await peer.send(b"".join(rst_stream(stream) for stream in streams))
        await still_served(peer)


async def test_large_stream_is_taken_in_small_windows() -> None:
    async with serving() as port, connected(port) as peer:
        await greet(peer, (INITIAL_WINDOW_SIZE, 2000))
        await peer.send(window_update(0, LARGEST_WINDOW - 65_535))
        await peer.send(call(1, message(b"5000"), path=b"/test.Echo/Repeat"))
        for number in range(2500):
            octets = 2000 * (number + 1)
            await peer.wait_for(
                [
                    Expectation(
                        "a window's octets",
                        lambda seen, octets=octets: len(seen.data[1]) >= octets,  # type: ignore[misc]
                    )
                ]
            )
            await peer.send(window_update(1, 2000))
        await still_served(peer)


async def test_requests_of_many_small_messages() -> None:
    chat = request(path=b"/test.Echo/Chat")
    async with serving() as port, connected(port) as peer:
        await greet(peer)
        await peer.send(window_update(0, LARGEST_WINDOW - 65_535))
        await peer.send(headers(1, chat) + window_update(1, LARGEST_WINDOW - 65_535))
        await peer.send(data(1, message(b""), end=False) * 5000)
        await peer.wait_for(
            [Expectation("5,000 messages", lambda seen: len(seen.data[1]) == 5 * 5000)]
        )
        await still_served(peer)


async def test_empty_data_ends_many_calls() -> None:
    async with serving() as port, connected(port) as peer:
        await greet(peer)
        for stream in range(1, 2001, 2):
            await peer.send(headers(stream, request()) + data(stream, end=False))
            await peer.send(data(stream, b""))
            await peer.wait_for([response(stream)])
        await still_served(peer)


async def test_calls_are_refused_before_their_requests_are_here() -> None:
    # gRPC's core does this: it widens the windows for every response, even without a message.
    unknown = request(path=b"/test.Echo/Unknown")
    async with serving() as port, connected(port) as peer:
        await greet(peer)
        for stream in range(1, 8001, 2):
            await peer.send(headers(stream, unknown))
            await peer.wait_for([grpc_status(UNIMPLEMENTED, stream=stream)])
            await peer.send(data(stream) + window_update(stream, 5))
            peer.forget(stream)
        await still_served(peer)


async def test_a_third_of_the_calls_is_cancelled_for_a_while() -> None:
    # An overloaded hop and passing deadlines look like this.
    async with serving() as port, connected(port) as peer:
        await greet(peer)
        await peer.send(window_update(0, LARGEST_WINDOW - 65_535))
        stream = 1
        for _ in range(50):
            cancelled = range(stream, stream + 100, 2)
            answered = range(stream + 100, stream + 300, 2)
            stream += 300
            await peer.send(b"".join(headers(number, HOLD) + data(number) for number in cancelled))
            await peer.send(b"".join(call(number) for number in answered))
            await peer.wait_for([response(answered[-1])])
            await peer.send(b"".join(rst_stream(number) for number in cancelled))
        await still_served(peer)
