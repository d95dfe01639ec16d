"""Whatever a caller sends, no call gets another one's response, and others are served."""

import asyncio

from hypothesis import given
from hypothesis import settings as hypothesis_settings

from tests.wire.conformance.echo import serving
from tests.wire.conformance.frames import PREFACE, SETTINGS_ACK, call, message, ping, settings
from tests.wire.conformance.peer import connected
from tests.wire.conformance.seen import Expectation, response, settings_ack
from tests.wire.fuzz.recorder import Recorder, nothing_is_logged
from tests.wire.fuzz.strategies import bounded, conversations
from wire.http2.limits import Limits

LIMITS = Limits(max_concurrent_streams=8)
LAST = b"the last"
OVER = Expectation(
    "the last PING with ACK, or the end", lambda seen: seen.closed or LAST in seen.pongs
)


async def requests_in(octets: bytes) -> dict[int, bytes]:
    """The bodies of the requests by stream."""
    recorder = Recorder(LIMITS)
    await recorder.feed([octets])
    return recorder.bodies


async def converse(octets: bytes) -> None:
    requests = await requests_in(octets)
    async with serving(LIMITS) as port, connected(port) as peer, connected(port) as honest:
        await peer.send(octets + settings({4: 65_535}) + ping(LAST))
        await honest.send(PREFACE + settings() + SETTINGS_ACK + call(1, message(b"honest")))
        await peer.wait_for([OVER])
        await honest.wait_for([settings_ack(1)])
        await honest.wait_for([response(1, message(b"honest"))])
        for stream, body in peer.seen.data.items():
            assert body == requests[stream][: len(body)]


@hypothesis_settings(bounded, max_examples=150)
@given(conversations())
def test_no_call_gets_the_response_of_another(octets: bytes) -> None:
    with nothing_is_logged():
        asyncio.run(converse(octets))
