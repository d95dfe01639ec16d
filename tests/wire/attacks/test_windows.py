"""Callers exceed the announced windows."""

from tests.wire.attacks.attacker import greet, honest_caller
from tests.wire.conformance.echo import serving
from tests.wire.conformance.frames import (
    FLOW_CONTROL_ERROR,
    PREFACE,
    SETTINGS_ACK,
    data,
    headers,
    message,
    request,
    settings,
)
from tests.wire.conformance.peer import connected
from tests.wire.conformance.seen import stream_error
from tests.wire.fuzz.recorder import Recorder
from wire.http2.limits import Limits

HOLD = request(path=b"/test.Echo/Hold")
CHAT = request(path=b"/test.Echo/Chat")


async def test_more_than_the_window_of_a_stream() -> None:
    limits = Limits(initial_window=1000)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer)
        await peer.send(headers(1, HOLD) + data(1, message(bytes(2000)), end=False))
        await peer.wait_for([stream_error(FLOW_CONTROL_ERROR)])


async def test_more_than_the_window_of_the_connection() -> None:
    recorder = Recorder(Limits(initial_window=1 << 20, connection_window=65_535))
    body = data(1, bytes(16_384), end=False)
    await recorder.feed([PREFACE + settings() + SETTINGS_ACK + headers(1, HOLD) + body * 5])
    assert ("ended", FLOW_CONTROL_ERROR) in [event[:2] for event in recorder.events]


async def test_window_of_a_reader_that_does_not_read_stays_closed() -> None:
    # The servicer waits for room to answer and stops reading.
    limits = Limits(initial_window=70_000, max_stream_queue=10_000)
    async with serving(limits) as port, honest_caller(port), connected(port) as peer:
        await greet(peer, (4, 0))
        await peer.send(headers(1, CHAT))
        for _ in range(40):
            await peer.send(data(1, message(bytes(10_000)), end=False))
        await peer.wait_for([stream_error(FLOW_CONTROL_ERROR)])
