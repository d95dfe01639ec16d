"""At a connection's end, octets received earlier still count."""

import asyncio

from tests.wire.http2.pipe import REQUEST, End, ServerEnd, exchange

STREAMS = 300
"""More streams than one turn of the loop reads."""


async def test_frames_that_were_put_off_are_read_before_the_end() -> None:
    client, server = End(), ServerEnd()
    await exchange(client, server)
    for _ in range(STREAMS):
        client.open_stream(client.encoder.encode(REQUEST))
    await asyncio.sleep(0)
    server.data_received(client.transport.take())
    assert len(server.headers) < STREAMS
    server.connection_lost(None)
    assert len(server.headers) == STREAMS
    assert len(server.reasons) == 1
