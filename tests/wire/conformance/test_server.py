"""`wire.server` against the table: RFC 9113, RFC 7541 and gRPC's protocol, section by section."""

import pytest

from tests.wire.conformance import (
    call_cases,
    connection_cases,
    control_cases,
    frame_cases,
    hpack_cases,
    http_cases,
    settings_cases,
    stream_cases,
    window_cases,
)
from tests.wire.conformance.case import Case
from tests.wire.conformance.echo import serving
from tests.wire.conformance.frames import PREFACE, SETTINGS_ACK, call, ping, settings
from tests.wire.conformance.peer import Peer, connected
from tests.wire.conformance.seen import pong, response, settings_ack
from wire.http2.limits import Limits

CASES = [
    *connection_cases.CASES,
    *stream_cases.CASES,
    *frame_cases.CASES,
    *settings_cases.CASES,
    *control_cases.CASES,
    *window_cases.CASES,
    *http_cases.CASES,
    *call_cases.CASES,
    *hpack_cases.CASES,
]
LIMITS = Limits(max_concurrent_streams=stream_cases.MAX_STREAMS)

PROBE = 1001
"""A stream number above all cases."""

WHOLE = 1 << 20
LONG = 2000
"""Cases with more octets are split into pieces of 97: single octets would take too long."""


async def run(case: Case, peer: Peer) -> None:
    if case.greeted:
        await peer.send(PREFACE + settings() + SETTINGS_ACK)
        await peer.wait_for([settings_ack(1)])
    for step in case.steps:
        if isinstance(step, bytes):
            await peer.send(step)
        else:
            await peer.wait_for([step])
    met = await peer.wait_for(case.expected)
    if case.greeted and not met.ends_connection:
        await connection_lives(peer)


async def connection_lives(peer: Peer) -> None:
    """A fault of one stream does not touch the connection."""
    # A closed window would withhold the response.
    await peer.send(settings({4: 65_535}) + ping(b"still up") + call(PROBE))
    await peer.wait_for([pong(b"still up")])
    await peer.wait_for([response(PROBE)])
    assert not [goaway for goaway in peer.seen.goaways if goaway.code]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_whole(case: Case) -> None:
    async with serving(LIMITS) as port, connected(port, split=WHOLE) as peer:
        await run(case, peer)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_octet_by_octet(case: Case) -> None:
    length = sum(len(step) for step in case.steps if isinstance(step, bytes))
    async with serving(LIMITS) as port, connected(port, split=1 if length < LONG else 97) as peer:
        await run(case, peer)
