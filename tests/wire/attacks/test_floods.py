"""Floods of frames without cost to their sender: abusers lose their connection, others stay."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.wire.attacks.attacker import flood, greet, honest_caller
from tests.wire.conformance.echo import serving
from tests.wire.conformance.frames import (
    ENHANCE_YOUR_CALM,
    LARGEST_WINDOW,
    SETTINGS_ACK,
    block,
    call,
    continuation,
    data,
    frame,
    goaway,
    headers,
    ping,
    priority,
    request,
    rst_stream,
    settings,
    window_update,
)
from tests.wire.conformance.peer import connected
from tests.wire.conformance.seen import connection_error

FRAMES = 30_000
"""More than any limit lets through during a test."""

HOLD = request(path=b"/test.Echo/Hold")
OPEN = headers(1, HOLD)


def streams() -> Iterator[int]:
    return count(1, 2)


def again(octets: bytes) -> Callable[[], Iterator[bytes]]:
    """The same frames again and again."""
    return lambda: (octets for _ in range(FRAMES))


def each_stream(make: Callable[[int], bytes]) -> Callable[[], Iterator[bytes]]:
    """The same frames on one new stream after the other."""
    return lambda: (make(stream) for stream, _ in zip(streams(), range(FRAMES), strict=False))


def jumping() -> Iterator[bytes]:
    """Small updates, and now and then a high stream number, as if there had been many streams."""
    for number in range(FRAMES // 1000):
        yield call(1 + 100_000 * number)
        yield from (window_update(0, 1) for _ in range(1000))


FLOODS: dict[str, tuple[bytes, Callable[[], Iterator[bytes]]]] = {
    "rapid reset": (b"", each_stream(lambda s: headers(s, HOLD) + rst_stream(s))),
    "rapid reset of whole calls": (
        b"",
        each_stream(lambda s: headers(s, request()) + data(s) + rst_stream(s)),
    ),
    "MadeYouReset: WINDOW_UPDATE by 0": (
        b"",
        each_stream(lambda s: headers(s, HOLD) + window_update(s, 0)),
    ),
    "MadeYouReset: window above 2^31-1": (
        b"",
        each_stream(lambda s: headers(s, HOLD) + window_update(s, LARGEST_WINDOW)),
    ),
    "MadeYouReset: DATA behind the end": (
        b"",
        each_stream(lambda s: headers(s, HOLD, end=False) + data(s) + data(s)),
    ),
    "MadeYouReset: HEADERS behind the end": (
        b"",
        each_stream(lambda s: headers(s, HOLD) + data(s) + headers(s, HOLD, end=True)),
    ),
    "MadeYouReset: PRIORITY of a wrong length": (
        b"",
        each_stream(lambda s: headers(s, HOLD) + frame(2, 0, s, bytes(4))),
    ),
    "malformed requests": (b"", each_stream(lambda s: headers(s, block([(b"A", b"b")]), end=True))),
    "streams above the limit": (b"", each_stream(lambda s: headers(s, HOLD))),
    "resets of closed streams": (OPEN + rst_stream(1), again(rst_stream(1))),
    "PING": (b"", again(ping())),
    "PING with ACK": (b"", again(ping(ack=True))),
    "SETTINGS": (b"", again(settings())),
    "SETTINGS that change windows": (OPEN, again(settings({4: 1}) + settings({4: 65_535}))),
    "SETTINGS that change the table": (b"", again(settings({1: 0}) + settings({1: 4096}))),
    "SETTINGS with ACK": (b"", again(SETTINGS_ACK)),
    "PRIORITY": (OPEN, again(priority(1))),
    "PRIORITY of idle streams": (b"", each_stream(lambda s: priority(s + 2))),
    "WINDOW_UPDATE": (b"", again(window_update(0, 1))),
    "WINDOW_UPDATE of a stream": (OPEN, again(window_update(1, 1))),
    "WINDOW_UPDATE, and streams whose numbers jump": (b"", jumping),
    "empty DATA": (OPEN, again(data(1, b"", end=False))),
    "DATA of padding": (OPEN, again(data(1, b"", end=False, padding=0))),
    "unknown frames": (b"", again(frame(0xFE, 0, 0))),
    "GOAWAY": (b"", again(goaway(code=0))),
    "CONTINUATION": (
        headers(1, HOLD, end_headers=False),
        again(continuation(1, block([(b"a", b"b" * 100)]), end_headers=False)),
    ),
    "empty CONTINUATION": (
        headers(1, HOLD, end_headers=False),
        again(continuation(1, b"", end_headers=False)),
    ),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_flood_ends_its_connection_only(name: str) -> None:
    prelude, frames = FLOODS[name]
    async with serving() as port, honest_caller(port) as honest, connected(port) as attacker:
        await greet(attacker)
        await attacker.send(prelude)
        await flood(attacker, frames())
        await attacker.wait_for([connection_error(ENHANCE_YOUR_CALM)])
    assert honest.answered > 1
