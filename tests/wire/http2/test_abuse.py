"""Floods of frames without cost end the connection, and honest peers stay."""

import pytest

from tests.wire.http2.pipe import REQUEST, End, ServerEnd, exchange
from wire.http2 import frames
from wire.http2.error_codes import ENHANCE_YOUR_CALM
from wire.http2.limits import Limits, Rate

_FEW = Rate(burst=10, per_second=0.001)
_LIMITS = Limits(
    resets=_FEW,
    pings=_FEW,
    settings=_FEW,
    priorities=_FEW,
    window_updates=_FEW,
    empty_frames=_FEW,
    unknown_frames=_FEW,
)
_OPEN = frames.frame(frames.HEADERS, frames.END_HEADERS, 1, b"\x83\x86\x84")

_FLOODS = {
    "PING": frames.ping(b"12345678"),
    "acknowledgements of no PING": frames.ping(b"12345678", acknowledge=True),
    "SETTINGS": frames.settings_frame({}),
    "PRIORITY": frames.frame(frames.PRIORITY, 0, 1, b"\0\0\0\0\0"),
    "WINDOW_UPDATE": frames.window_update(0, 1),
    "empty DATA": frames.frame(frames.DATA, 0, 1),
    "padding alone": frames.frame(frames.DATA, frames.PADDED, 1, b"\x03\0\0\0"),
    "unknown frames": frames.frame(0x42, 0, 0),
    "RST_STREAM": frames.rst_stream(1, 8),
    "data on a closed stream": frames.rst_stream(1, 8) + frames.frame(frames.DATA, 0, 1, b"x"),
}


@pytest.mark.parametrize("flood", _FLOODS.values(), ids=_FLOODS.keys())
async def test_a_flood_ends_the_connection(flood: bytes) -> None:
    client, server = End(), ServerEnd(_LIMITS)
    await exchange(client, server)
    server.data_received(_OPEN + flood * 30)
    await exchange(client, server)
    assert [reason.code for reason in server.reasons] == [ENHANCE_YOUR_CALM]


async def test_a_flood_of_pings_is_named_as_clients_know_it() -> None:
    client, server = End(), ServerEnd(_LIMITS)
    await exchange(client, server)
    server.data_received(frames.ping(b"12345678") * 30)
    # gRFC A8: a channel that reads this pings less from then on.
    assert [reason.text for reason in server.reasons] == ["too_many_pings"]


async def test_pings_with_traffic_are_no_flood() -> None:
    client, server = End(), ServerEnd(_LIMITS)
    await exchange(client, server)
    block = client.encoder.encode(REQUEST)
    for _ in range(50):
        client.open_stream(block, end_stream=True)
        client.send_ping(b"12345678")
        await exchange(client, server)
    assert not server.ended


async def test_large_window_updates_are_no_flood() -> None:
    client, server = End(), ServerEnd(_LIMITS)
    await exchange(client, server)
    for _ in range(50):
        client.write(frames.window_update(0, 4096))
        await exchange(client, server)
    assert not server.ended


async def test_a_reset_for_each_late_frame_of_data_is_no_flood() -> None:
    client, server = End(), ServerEnd(_LIMITS)
    await exchange(client, server)
    stream = client.open_stream(client.encoder.encode(REQUEST))
    await exchange(client, server)
    server.send_headers(stream, server.encoder.encode([(b":status", b"200")]))
    for _ in range(50):
        server.send_data(stream, b"x")
        await exchange(client, server)
    # HAProxy resets a stream that was cancelled, and anew for each frame still on its way.
    server.data_received(frames.rst_stream(stream, 8) + frames.rst_stream(stream, 5) * 50)
    await exchange(client, server)
    assert not server.ended
