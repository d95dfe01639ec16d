"""A server's memory is bounded, whatever callers send and however slowly they read."""

import gzip
from contextlib import AsyncExitStack

from tests.wire.attacks.attacker import greet, honest_caller
from tests.wire.attacks.victim import MIB, victim
from tests.wire.conformance.frames import (
    INITIAL_WINDOW_SIZE,
    call,
    data,
    headers,
    message,
    ping,
    request,
    window_update,
)
from tests.wire.conformance.peer import connected
from tests.wire.conformance.seen import Expectation, connection_end, pong, response

LARGEST = (1 << 31) - 1
HOLD = request(path=b"/test.Echo/Hold")

BOMB_ENTRY = b"\x40\x01a\x7f\xa1\x1e" + b"v" * 4000
"""The literal field "a" of 4,000 octets, put into the table."""
BOMB = b"\xbe" * 15_000
"""15,000 references to that entry."""


def compressed(size: int) -> bytes:
    """A gzip-compressed message of this many octets."""
    small = gzip.compress(bytes(size), compresslevel=9, mtime=0)
    return b"\x01" + message(small)[1:]


async def test_references_to_one_entry_cost_nothing() -> None:
    with victim() as server:
        async with connected(server.port) as attacker, honest_caller(server.port):
            await greet(attacker)
            await attacker.send(headers(1, request() + BOMB_ENTRY) + data(1))
            await attacker.wait_for([response()])
            before = server.peak_memory
            for stream in range(3, 803, 2):
                await attacker.send_all(headers(stream, BOMB, end=True))
            await attacker.send(ping())
            await attacker.wait_for([pong(), connection_end()])
            assert server.peak_memory - before < 16 * MIB


async def test_large_responses_that_nobody_reads() -> None:
    limit = 24 * MIB
    with victim(max_bytes_in_flight=limit) as server:
        before = server.peak_memory
        async with AsyncExitStack() as stack:
            body = compressed(3 * MIB)
            for _ in range(4):
                attacker = await stack.enter_async_context(connected(server.port))
                await greet(attacker, (INITIAL_WINDOW_SIZE, 0))
                calls = (call(s, body, (b"grpc-encoding", b"gzip")) for s in range(1, 60, 2))
                await attacker.send(b"".join(calls) + ping())
                await attacker.wait_for([pong()])
            # The server refuses at once what would not fit.
            await attacker.wait_for(
                [
                    Expectation(
                        "RESOURCE_EXHAUSTED for some",
                        lambda seen: any(
                            seen.field(stream, b"grpc-status") == b"8"
                            for stream in list(seen.headers)
                        ),
                    )
                ]
            )
            assert server.peak_memory - before < 2 * limit
        async with honest_caller(server.port) as honest:
            await honest.several(5)


async def test_bodies_that_never_end() -> None:
    limit = 24 * MIB
    with victim(max_bytes_in_flight=limit, max_message_bytes=4 * MIB) as server:
        before = server.peak_memory
        async with AsyncExitStack() as stack:
            part = data(1, bytes(16_384), end=False)
            for _ in range(40):
                attacker = await stack.enter_async_context(connected(server.port))
                await greet(attacker)
                await attacker.send(headers(1, HOLD) + data(1, b"\0\0\x3f\0\0", end=False))
                await attacker.send_all(part * 100 + ping())
                await attacker.wait_for([pong(), connection_end()])
            assert server.peak_memory - before < 2 * limit


async def test_empty_messages_that_nobody_reads() -> None:
    limit = 24 * MIB
    chat = request(path=b"/test.Echo/Chat")
    with victim(max_bytes_in_flight=limit) as server:
        before = server.peak_memory
        async with AsyncExitStack() as stack:
            for _ in range(4):
                attacker = await stack.enter_async_context(connected(server.port))
                # The service stops reading where nobody takes its responses.
                await greet(attacker, (INITIAL_WINDOW_SIZE, 0))
                for stream in range(1, 17, 2):
                    await attacker.send(headers(stream, chat))
                    # 3,276 messages each: 209,664 of them, and less than a MiB.
                    await attacker.send_all(data(stream, bytes(16_380), end=False) * 64)
                await attacker.send(ping())
                await attacker.wait_for([pong(), connection_end()])
            assert server.peak_memory - before < 2 * limit
        async with honest_caller(server.port) as honest:
            await honest.several(5)


async def test_stream_to_a_peer_that_does_not_read() -> None:
    with victim() as server:
        before = server.peak_memory
        async with connected(server.port) as attacker, honest_caller(server.port) as honest:
            await greet(attacker, (INITIAL_WINDOW_SIZE, LARGEST))
            await attacker.send(window_update(0, LARGEST - 65_535))
            attacker.stop_reading()
            await attacker.send(call(1, message(b"300000"), path=b"/test.Echo/Repeat"))
            await honest.several(20)
            assert server.peak_memory - before < 32 * MIB


async def test_small_message_that_unpacks_to_a_large_one() -> None:
    with victim(max_message_bytes=1 * MIB) as server:
        async with connected(server.port) as attacker, honest_caller(server.port):
            await greet(attacker)
            before = server.peak_memory
            body = compressed(200 * MIB)
            await attacker.send(headers(1, request((b"grpc-encoding", b"gzip"))))
            for at in range(0, len(body), 16_384):
                await attacker.send(data(1, body[at : at + 16_384], end=at + 16_384 >= len(body)))
            await attacker.wait_for(
                [Expectation("RESOURCE_EXHAUSTED", lambda s: s.field(1, b"grpc-status") == b"8")]
            )
            assert server.peak_memory - before < 16 * MIB
