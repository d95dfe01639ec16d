"""Whatever arrives, and however it is split, a connection stays within its rules."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from tests.wire.conformance.seen import Seen
from tests.wire.fuzz.recorder import Event, Recorder, nothing_is_logged
from tests.wire.fuzz.strategies import bounded, conversations, splits
from wire.http2.limits import Limits

LIMITS = Limits(max_concurrent_streams=4)


async def record(pieces: list[bytes]) -> Recorder:
    """The reaction of a connection to octets."""
    recorder = Recorder(LIMITS)
    await recorder.feed(pieces)
    return recorder


def outcome(recorder: Recorder) -> tuple[list[Event], bytes, bool]:
    return recorder.events, recorder.transport.written, recorder.transport.closing


@bounded
@given(conversations(), st.data())
def test_any_split_gives_the_same_events(octets: bytes, data: st.DataObject) -> None:
    pieces = data.draw(splits(octets))
    assert outcome(asyncio.run(record([octets]))) == outcome(asyncio.run(record(pieces)))


@bounded
@given(conversations())
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    with nothing_is_logged():
        events, written, closed = outcome(asyncio.run(record([octets])))
    said = Seen()
    said.feed(written)
    opened = {event[1] for event in events if event[0] == "headers"}
    answered = {stream for stream, headers in said.headers.items() if headers}
    assert answered | said.ended <= opened
    assert all(stream % 2 for stream, reset in said.resets.items() if reset)
    assert closed == any(event[0] == "ended" for event in events)
    if closed:
        assert len(said.goaways) == 1


@bounded
@given(conversations())
def test_responses_have_the_request_of_their_stream(octets: bytes) -> None:
    recorder = asyncio.run(record([octets]))
    said = Seen()
    said.feed(recorder.transport.written)
    for stream, response in said.data.items():
        assert recorder.bodies[stream].startswith(bytes(response))
