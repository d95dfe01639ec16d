"""Windows in both directions (RFC 9113, sections 5.2 and 6.9)."""

import asyncio
from time import process_time

import pytest

from tests.wire.http2.pipe import REQUEST, End, ServerEnd, exchange
from wire.http2 import frames, settings
from wire.http2.error_codes import CANCEL
from wire.http2.limits import Limits

KIB = 1024


async def _opened(client: End, server: End) -> int:
    await exchange(client, server)
    return client.open_stream(client.encoder.encode(REQUEST))


@pytest.mark.parametrize(
    "windows",
    [
        {"connection_window": 65_534},
        {"connection_window": 1 << 31},
        {"initial_window": 1 << 31},
        {"initial_window": -1},
    ],
)
def test_windows_that_http2_lacks_are_refused(windows: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="is not from"):
        Limits(**windows)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 1, 16 * KIB, 16 * KIB + 1, 64 * KIB, 5000 * KIB])
async def test_data_of_any_size_arrives(size: int) -> None:
    client, server = End(), ServerEnd()
    stream = await _opened(client, server)
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    client.send_data(stream, data, end_stream=True)
    await exchange(client, server, turns=2000)
    assert server.data[stream] == data
    assert server.streams[stream].remote_ended


async def test_a_writer_waits_and_continues() -> None:
    client, server = End(), ServerEnd(Limits(initial_window=64 * KIB))
    server.takes = False
    stream = await _opened(client, server)
    assert client.send_data(stream, bytes(60 * KIB)) is True
    assert client.send_data(stream, bytes(200 * KIB)) is False
    await exchange(client, server)
    assert client.writable == []
    for _ in range(10):
        server.acknowledge(stream, 60 * KIB)
        await exchange(client, server)
    assert client.writable == [stream]
    assert len(server.data[stream]) == 260 * KIB


async def test_a_stalled_stream_does_not_stall_another() -> None:
    client, server = End(), ServerEnd()
    server.takes = False
    first = await _opened(client, server)
    client.send_data(first, bytes(1000 * KIB))
    await exchange(client, server)
    stalled_at = len(server.data[first])
    server.takes = True
    second = client.open_stream(client.encoder.encode(REQUEST))
    client.send_data(second, bytes(2000 * KIB), end_stream=True)
    await exchange(client, server, turns=1000)
    assert len(server.data[second]) == 2000 * KIB
    assert len(server.data[first]) == stalled_at


async def test_a_large_window_is_used_up_over_several_turns() -> None:
    limits = Limits(initial_window=4000 * KIB, connection_window=8000 * KIB)
    client, server = End(), ServerEnd(limits)
    server.takes = False
    stream = await _opened(client, server)
    client.send_data(stream, bytes(3000 * KIB), end_stream=True)
    await exchange(client, server)
    assert len(server.data[stream]) == 3000 * KIB


async def test_large_streams_share_the_connection() -> None:
    client, server = End(), ServerEnd()
    first = await _opened(client, server)
    second = client.open_stream(client.encoder.encode(REQUEST))
    client.send_data(first, bytes(1000 * KIB))
    client.send_data(second, bytes(1000 * KIB))
    await exchange(client, server, turns=8)
    assert abs(len(server.data[first]) - len(server.data[second])) <= 256 * KIB


@pytest.mark.parametrize("size", [1, 1000, 16 * KIB])
async def test_a_writer_has_to_wait_even_in_a_vast_window(size: int) -> None:
    limits = Limits(initial_window=1 << 30, connection_window=1 << 30)
    client, server = End(), ServerEnd(limits)
    stream = await _opened(client, server)
    await exchange(client, server)
    written = 1
    while client.send_data(stream, bytes(size)):
        written += 1
    assert written * size <= 400 * KIB
    assert written < 1100
    await exchange(client, server)
    assert client.writable == [stream]
    assert len(server.data[stream]) == written * size


async def test_trailers_wait_for_the_data_before_them() -> None:
    client, server = End(), ServerEnd()
    stream = await _opened(client, server)
    client.send_data(stream, b"", end_stream=True)
    await exchange(client, server)
    server.send_headers(stream, server.encoder.encode([(b":status", b"200")]))
    server.send_data(stream, bytes(3000 * KIB))
    server.send_trailers(stream, [(b"grpc-status", b"0")])
    await exchange(client, server, turns=2000)
    assert len(client.data[stream]) == 3000 * KIB
    assert client.headers[-1] == (stream, [(b"grpc-status", b"0")], True)
    assert (client.closed, server.closed) == ([stream], [stream])


async def test_a_wider_window_is_used_behind_the_ack() -> None:
    client, server = End(), ServerEnd()
    stream = await _opened(client, server)
    client.send_data(stream, b"", end_stream=True)
    client.write(frames.settings_frame({settings.INITIAL_WINDOW_SIZE: 0}))
    await exchange(client, server)
    server.send_headers(stream, server.encoder.encode([(b":status", b"200")]))
    server.send_data(stream, b"hello")
    await exchange(client, server)
    server.data_received(frames.settings_frame({settings.INITIAL_WINDOW_SIZE: 100}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    data = frames.frame(frames.DATA, 0, stream, b"hello")
    assert server.transport.take() == frames.SETTINGS_ACK + data


async def test_an_end_without_data_needs_no_window() -> None:
    client, server = End(), ServerEnd()
    stream = await _opened(client, server)
    client.send_data(stream, b"hello")
    await exchange(client, server)
    server.write(frames.settings_frame({settings.INITIAL_WINDOW_SIZE: 0}))
    await exchange(client, server)
    client.send_data(stream, b"", end_stream=True)
    await exchange(client, server)
    assert server.streams[stream].remote_ended


async def test_a_negative_window_has_to_be_made_good() -> None:
    client, server = End(), ServerEnd()
    stream = await _opened(client, server)
    client.send_data(stream, bytes(1000))
    await exchange(client, server)
    server.write(frames.settings_frame({settings.INITIAL_WINDOW_SIZE: 0}))
    await exchange(client, server)
    client.send_data(stream, b"hello", end_stream=True)
    server.write(frames.window_update(stream, 1002))
    await exchange(client, server)
    assert server.data[stream][1000:] == b"he"


@pytest.mark.parametrize("largest_frame", [16 * KIB, (1 << 24) - 1])
async def test_a_turn_sends_little_however_much_waits(largest_frame: int) -> None:
    client, server = End(), ServerEnd()
    own = {settings.INITIAL_WINDOW_SIZE: 0, settings.MAX_FRAME_SIZE: largest_frame}
    client.write(frames.settings_frame(own))
    for _ in range(100):
        stream = await _opened(client, server)
        await exchange(client, server)
        server.send_headers(stream, server.encoder.encode([(b":status", b"200")]))
        server.send_data(stream, bytes(400 * KIB))
    await exchange(client, server)
    server.data_received(frames.window_update(0, 1 << 30))
    server.data_received(frames.settings_frame({settings.INITIAL_WINDOW_SIZE: 1 << 20}))
    turns = []
    while server.queued:
        await asyncio.sleep(0)
        turns.append(len(server.transport.take()))
    await asyncio.sleep(0)
    turns.append(len(server.transport.take()))
    assert max(turns) < 600 * KIB
    assert sum(turns) > 100 * 400 * KIB


async def test_streams_share_a_small_window_of_the_connection() -> None:
    client, server = End(Limits(connection_window=65_535)), ServerEnd()
    streams = [await _opened(client, server) for _ in range(3)]
    await exchange(client, server)
    for stream in streams:
        server.send_headers(stream, server.encoder.encode([(b":status", b"200")]))
        server.send_data(stream, bytes(1000 * KIB))
    await exchange(client, server, turns=20)
    received = [len(client.data[stream]) for stream in streams]
    assert 0 < max(received) < 1000 * KIB
    assert max(received) - min(received) <= 64 * KIB


async def _seconds_of_updates(waiting: int) -> float:
    client, server = End(), ServerEnd()
    client.write(frames.settings_frame({settings.INITIAL_WINDOW_SIZE: 0}))
    for _ in range(waiting):
        stream = await _opened(client, server)
        await exchange(client, server)
        server.send_headers(stream, server.encoder.encode([(b":status", b"200")]))
        server.send_data(stream, b"hello")
    started = process_time()
    for _ in range(40):
        server.data_received(frames.window_update(0, 1024) * 50)
    return process_time() - started


async def test_an_update_costs_the_same_whatever_waits() -> None:
    few, many = [await _seconds_of_updates(waiting) for waiting in (1, 200)]
    assert many < 20 * few


async def test_a_reset_drops_what_is_queued() -> None:
    client, server = End(), ServerEnd()
    server.takes = False
    stream = await _opened(client, server)
    client.send_data(stream, bytes(3000 * KIB))
    await exchange(client, server)
    client.reset_stream(stream, CANCEL)
    await exchange(client, server)
    assert client.queued == 0
    assert (client.closed, server.closed) == ([stream], [stream])
    assert not server.ended


async def test_a_peer_that_does_not_read_is_held_back() -> None:
    client, server = End(), ServerEnd()
    stream = await _opened(client, server)
    await exchange(client, server)
    client.pause_writing()
    client.send_data(stream, b"hello")
    await exchange(client, server)
    assert stream not in server.data
    client.resume_writing()
    await exchange(client, server)
    assert server.data[stream] == b"hello"


async def test_frames_that_nobody_reads_have_a_limit() -> None:
    client, server = End(), ServerEnd(Limits(max_unwritten=10 * KIB))
    await exchange(client, server)
    server.pause_writing()
    for number in range(4000):
        server.write(frames.ping(b"%08d" % number))
        if number % 100 == 0:
            await exchange(client, server)
    await exchange(client, server)
    assert server.transport.closed
    assert server.reasons[0].text == "the peer does not read what it is sent"


async def test_a_flood_of_frames_is_read_in_turns() -> None:
    client, server = End(), ServerEnd()
    await exchange(client, server)
    block = client.encoder.encode(REQUEST)
    flood = b"".join(frames.frame(frames.HEADERS, 5, number, block) for number in range(1, 1001, 2))
    server.data_received(flood)
    assert len(server.headers) < 100
    await exchange(client, server)
    assert len(server.headers) == 500
