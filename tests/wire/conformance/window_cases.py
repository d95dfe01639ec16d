"""Flow control (RFC 9113, 5.2 and 6.9)."""

from tests.wire.conformance.case import case
from tests.wire.conformance.frames import (
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    INITIAL_WINDOW_SIZE,
    LARGEST_WINDOW,
    PROTOCOL_ERROR,
    WINDOW_UPDATE,
    call,
    data,
    frame,
    headers,
    message,
    ping,
    request,
    settings,
    window_update,
)
from tests.wire.conformance.seen import (
    NOTHING,
    Expectation,
    connection_error,
    data_of,
    pong,
    response,
    settings_ack,
    stream_error,
)
from tests.wire.conformance.stream_cases import HOLD

PROTOCOL = connection_error(PROTOCOL_ERROR)
FLOW_CONTROL = connection_error(FLOW_CONTROL_ERROR)


def initial_window(size: int) -> bytes:
    return settings({INITIAL_WINDOW_SIZE: size})


def frames_of(stream: int, body: bytes) -> bytes:
    """DATA frames for a body. The sender takes care of the windows."""
    pieces = [body[at : at + 16384] for at in range(0, len(body), 16384)]
    return b"".join(data(stream, piece, end=piece is pieces[-1]) for piece in pieces)


def received(stream: int, octets: int) -> Expectation:
    """Exactly this many octets of data so far."""
    return Expectation(
        f"{octets} octets on stream {stream}", lambda seen: len(seen.data[stream]) == octets
    )


def of_both(octets: int) -> Expectation:
    """This many octets of data on streams 1 and 3 together."""
    return Expectation(
        f"{octets} octets on both streams",
        lambda seen: len(seen.data[1]) + len(seen.data[3]) == octets,
    )


ROOM = window_update(0, 1 << 20)

CASES = [
    case("6.9", "the connection", window_update(0, 1) + ping(), expected=pong()),
    case(
        "6.9",
        "a stream",
        headers(1, request()) + window_update(1, 1) + data(1),
        expected=response(),
    ),
    case("6.9", "the reserved bit", window_update(0, 1 << 31 | 1) + ping(), expected=pong()),
    case("6.9", "an increment of 0", window_update(0, 0), expected=PROTOCOL),
    case(
        "6.9",
        "an increment of 0 with the reserved bit",
        window_update(0, 1 << 31),
        expected=PROTOCOL,
    ),
    case(
        "6.9",
        "an increment of 0 of a stream",
        headers(1, HOLD) + window_update(1, 0),
        expected=(stream_error(PROTOCOL_ERROR), PROTOCOL),
    ),
    case(
        "6.9",
        "a length of 3",
        frame(WINDOW_UPDATE, 0, 0, b"\0\0\x01"),
        expected=connection_error(FRAME_SIZE_ERROR),
    ),
    case(
        "6.9",
        "a length of 5 on a stream",
        headers(1, HOLD) + frame(WINDOW_UPDATE, 0, 1, bytes(5)),
        expected=connection_error(FRAME_SIZE_ERROR),
    ),
    case(
        "6.9.1",
        "a window of 1",
        initial_window(1),
        settings_ack(),
        call(),
        data_of(1, 1),
        window_update(1, 1),
        data_of(1, 1, 1),
        window_update(1, 1000),
        expected=response(),
    ),
    case(
        "6.9.1",
        "a window of 0",
        initial_window(0) + call() + ping(),
        pong(),
        data_of(1),
        window_update(1, 1000),
        expected=response(),
    ),
    case(
        "6.9.1",
        "the connection's window above 2^31-1",
        window_update(0, LARGEST_WINDOW) + window_update(0, LARGEST_WINDOW),
        expected=FLOW_CONTROL,
    ),
    case(
        "6.9.1",
        "a stream's window above 2^31-1",
        headers(1, HOLD) + window_update(1, LARGEST_WINDOW) + window_update(1, LARGEST_WINDOW),
        expected=stream_error(FLOW_CONTROL_ERROR),
    ),
    case(
        "6.9.1",
        "the connection's window holds for all streams",
        initial_window(1 << 20),
        settings_ack(),
        headers(1, request())
        + frames_of(1, message(b"x" * 39_995))
        + headers(3, request())
        + frames_of(3, message(b"y" * 39_995))
        + ping(),
        pong(),
        of_both(65_535),
        ROOM,
        response(1, body=None),
        expected=response(3, body=None),
    ),
    case(
        "6.9.1",
        "WINDOW_UPDATE before the response is there",
        initial_window(0) + headers(1, request()) + window_update(1, 1000) + data(1),
        expected=response(),
    ),
    case(
        "6.9.2",
        "a changed initial window is that of open streams too",
        initial_window(0),
        settings_ack(),
        call(),
        initial_window(1),
        data_of(1, 1),
        window_update(1, 1000),
        expected=response(),
    ),
    case(
        "6.9.2",
        "a window may become negative",
        initial_window(3),
        settings_ack(),
        call(),
        data_of(1, 3),
        initial_window(2),
        settings_ack(3),
        window_update(1, 2),
        data_of(1, 3, 1),
        window_update(1, 1000),
        expected=response(),
    ),
    case(
        "6.9.2",
        "a window that is 0 again by a setting stays closed",
        initial_window(3),
        settings_ack(),
        call(),
        data_of(1, 3),
        initial_window(0),
        settings_ack(3),
        window_update(1, 3) + ping(),
        pong(),
        data_of(1, 3),
        window_update(1, 1000),
        expected=response(),
    ),
    case("6.9.2", "an initial window above 2^31-1", initial_window(1 << 31), expected=FLOW_CONTROL),
    case(
        "6.9.2",
        "an initial window that takes a stream's above 2^31-1",
        headers(1, HOLD) + window_update(1, LARGEST_WINDOW - 65_535) + initial_window(65_536),
        expected=FLOW_CONTROL,
    ),
    case(
        "6.9.2",
        "the connection's window is not changed by it",
        initial_window(0) + initial_window(1 << 20) + ping(),
        settings_ack(3),
        headers(1, request()) + frames_of(1, message(b"x" * 59_995)),
        response(1, body=None),
        headers(3, request()) + frames_of(3, message(b"x" * 59_995)),
        received(3, 5_535),
        ROOM,
        expected=response(3, body=None),
    ),
    case(
        "6.9.1",
        "small window updates of the connection",
        *(window_update(0, 1) for _ in range(20)),
        expected=NOTHING,
    ),
]
