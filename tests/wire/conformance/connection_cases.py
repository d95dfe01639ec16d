"""Starting a connection, and the frames themselves (RFC 9113, 3 and 4)."""

from tests.wire.conformance.case import case
from tests.wire.conformance.frames import (
    COMPRESSION_ERROR,
    DATA,
    FRAME_SIZE_ERROR,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PING,
    PREFACE,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    block,
    call,
    continuation,
    data,
    frame,
    headers,
    message,
    ping,
    priority,
    request,
    settings,
)
from tests.wire.conformance.seen import (
    NOTHING,
    Expectation,
    connection_end,
    connection_error,
    pong,
    response,
    settings_ack,
    stream_error,
)

SERVER_PREFACE = Expectation(
    "SETTINGS as the first frame",
    lambda seen: seen.first_kind == 4 and seen.settings_frames == 1,
)
UNKNOWN = 0x16
FULL_FRAME = message(b"x" * (16384 - 5))
TOO_LARGE = message(b"x" * 16384)
MORE = block([(b"x-more", b"1")])

CASES = [
    case("3.4", "preface", PREFACE + settings(), expected=SERVER_PREFACE, greeted=False),
    case(
        "3.4",
        "preface with a call right behind it",
        PREFACE + settings({INITIAL_WINDOW_SIZE: 65535}) + call(),
        SERVER_PREFACE,
        settings_ack(1),
        expected=response(),
        greeted=False,
    ),
    case(
        "3.4",
        "something else than the preface",
        b"INVALID CONNECTION PREFACE\r\n\r\n",
        expected=(connection_error(PROTOCOL_ERROR), connection_end()),
        greeted=False,
    ),
    case(
        "3.4",
        "a request of HTTP/1.1",
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        expected=connection_end(),
        greeted=False,
    ),
    case(
        "3.4",
        "PING before SETTINGS",
        PREFACE + ping(),
        expected=connection_error(PROTOCOL_ERROR),
        greeted=False,
    ),
    case(
        "3.4",
        "HEADERS before SETTINGS",
        PREFACE + call(),
        expected=connection_error(PROTOCOL_ERROR),
        greeted=False,
    ),
    case(
        "3.4",
        "SETTINGS with ACK as the first frame",
        PREFACE + frame(4, 1, 0),
        expected=connection_error(PROTOCOL_ERROR),
        greeted=False,
    ),
    case("4.1", "unknown type", frame(UNKNOWN, 0, 0, bytes(8)), expected=NOTHING),
    case("4.1", "unknown type on a stream", frame(UNKNOWN, 0, 1, bytes(8)), expected=NOTHING),
    case("4.1", "unknown type without a payload", frame(0xFF, 0xFF, 0), expected=NOTHING),
    case("4.1", "undefined flags", frame(PING, 0x16, 0, b"12345678"), expected=pong()),
    case(
        "4.1",
        "undefined flags of HEADERS and DATA",
        frame(HEADERS, 0xD2 & ~0x20 | 0x4, 1, request()),
        frame(DATA, 0xF6 | 1, 1, message(b"hello")),
        expected=response(),
    ),
    case("4.1", "reserved bit", frame(PING, 0, 1 << 31, b"12345678"), expected=pong()),
    case(
        "4.1",
        "reserved bit of a stream",
        frame(HEADERS, 4, 1 << 31 | 1, request()) + frame(DATA, 1, 1 << 31 | 1, message(b"hello")),
        expected=response(),
    ),
    case(
        "4.2",
        "DATA of 2^14 octets",
        headers(1, request()) + data(1, FULL_FRAME),
        expected=response(body=FULL_FRAME),
    ),
    case(
        "4.2",
        "DATA above SETTINGS_MAX_FRAME_SIZE",
        headers(1, request()) + data(1, TOO_LARGE),
        expected=(stream_error(FRAME_SIZE_ERROR), connection_error(FRAME_SIZE_ERROR)),
    ),
    case(
        "4.2",
        "HEADERS above SETTINGS_MAX_FRAME_SIZE",
        headers(1, request((b"x-large", b"x" * 16384)), end=True),
        expected=connection_error(FRAME_SIZE_ERROR),
    ),
    case(
        "4.2",
        "a frame of an unknown type above SETTINGS_MAX_FRAME_SIZE",
        frame(UNKNOWN, 0, 0, bytes(16385)),
        expected=connection_error(FRAME_SIZE_ERROR),
    ),
    case(
        "4.2",
        "a length of 2^24-1",
        b"\xff\xff\xff\x00\x00\x00\x00\x00\x01",
        expected=(stream_error(FRAME_SIZE_ERROR), connection_error(FRAME_SIZE_ERROR)),
    ),
    case(
        "4.3",
        "a block that cannot be decoded",
        headers(1, b"\x40"),
        expected=connection_error(COMPRESSION_ERROR),
    ),
    case(
        "4.3",
        "a block in trailers that cannot be decoded",
        headers(1, request()) + data(1, end=False) + headers(1, b"\x40", end=True),
        expected=connection_error(COMPRESSION_ERROR),
    ),
    case(
        "4.3",
        "PRIORITY within a block",
        headers(1, request(), end_headers=False) + priority(1) + continuation(1, MORE),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "4.3",
        "HEADERS of another stream within a block",
        headers(1, request(), end_headers=False) + headers(3, request()) + continuation(1, MORE),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "4.3",
        "HEADERS of the same stream within a block",
        headers(1, request(), end_headers=False) + headers(1, MORE),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "5.5",
        "unknown type within a block",
        headers(1, request(), end_headers=False) + frame(UNKNOWN, 0, 0, bytes(8)),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "5.5",
        "unknown type between the frames of a call",
        headers(1, request()) + frame(UNKNOWN, 0, 1, bytes(8)) + data(1),
        expected=response(),
    ),
    case("5.5", "unknown setting", settings({0xFF: 1}), settings_ack(), expected=NOTHING),
    case(
        "8.4",
        "PUSH_PROMISE of a client",
        frame(PUSH_PROMISE, 4, 1, b"\0\0\0\x03" + request()),
        expected=connection_error(PROTOCOL_ERROR),
    ),
]
