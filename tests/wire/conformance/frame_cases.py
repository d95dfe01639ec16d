"""DATA, HEADERS, PRIORITY and RST_STREAM (RFC 9113, 6.1 to 6.4)."""

from tests.wire.conformance.case import case
from tests.wire.conformance.frames import (
    DATA,
    END_STREAM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    HEADERS,
    PADDED,
    PRIORITY,
    PROTOCOL_ERROR,
    RST_STREAM,
    STREAM_CLOSED,
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
    rst_stream,
    settings,
)
from tests.wire.conformance.seen import (
    connection_error,
    pong,
    response,
    stream_error,
)
from tests.wire.conformance.stream_cases import HELD, HOLD

REQUEST = request()
CALL_HEADERS = headers(1, REQUEST)
MORE = block([(b"x-more", b"1")])
PIECES = [REQUEST[:5], REQUEST[5:10], REQUEST[10:]]

# Some frames belong on stream 0 only, others never on it.
PROTOCOL = connection_error(PROTOCOL_ERROR)
FRAME_SIZE = connection_error(FRAME_SIZE_ERROR)
FLOW_CONTROL = connection_error(FLOW_CONTROL_ERROR)


def setting(key: int, value: int) -> bytes:
    return settings({key: value})


DATA_CASES = [
    case("6.1", "one frame", call(), expected=response()),
    case(
        "6.1",
        "several frames",
        CALL_HEADERS + data(1, message(b"hello")[:4], end=False) + data(1, message(b"hello")[4:]),
        expected=response(),
    ),
    case("6.1", "padding", CALL_HEADERS + data(1, padding=5), expected=response()),
    case("6.1", "padding of 255", CALL_HEADERS + data(1, padding=255), expected=response()),
    case("6.1", "padding of no octets", CALL_HEADERS + data(1, padding=0), expected=response()),
    case(
        "6.1",
        "nothing but padding",
        CALL_HEADERS + data(1, b"", end=False, padding=9) + data(1),
        expected=response(),
    ),
    case(
        "6.1",
        "END_STREAM without data",
        CALL_HEADERS + data(1, end=False) + data(1, b""),
        expected=response(),
    ),
    case("6.1", "stream 0", data(0), expected=PROTOCOL),
    case(
        "6.1",
        "not open or half-closed (local)",
        HELD + data(1),
        expected=stream_error(STREAM_CLOSED),
    ),
    case(
        "6.1",
        "padding longer than the frame",
        CALL_HEADERS + frame(DATA, PADDED | END_STREAM, 1, b"\x06Test"),
        expected=PROTOCOL,
    ),
    case(
        "6.1",
        "padding as long as the frame",
        CALL_HEADERS + frame(DATA, PADDED | END_STREAM, 1, b"\x05Test"),
        expected=PROTOCOL,
    ),
    case(
        "6.1",
        "PADDED without a pad length",
        CALL_HEADERS + frame(DATA, PADDED | END_STREAM, 1),
        expected=(FRAME_SIZE, PROTOCOL),
    ),
]

HEADERS_CASES = [
    case("6.2", "padding", headers(1, REQUEST, padding=8) + data(1), expected=response()),
    case("6.2", "priority", headers(1, REQUEST, depends_on=0) + data(1), expected=response()),
    case(
        "6.2",
        "priority and padding",
        headers(1, REQUEST, depends_on=3, padding=8) + data(1),
        expected=response(),
    ),
    case(
        "6.2",
        "priority on a stream that is to come",
        headers(1, REQUEST, depends_on=0x7FFFFFFF) + data(1),
        expected=response(),
    ),
    case("6.2", "stream 0", headers(0, REQUEST, end=True), expected=PROTOCOL),
    case(
        "6.2",
        "padding longer than the frame",
        frame(HEADERS, PADDED | 0x5, 1, bytes((len(REQUEST) + 2,)) + REQUEST),
        expected=PROTOCOL,
    ),
    case(
        "6.2",
        "PADDED without a pad length",
        frame(HEADERS, PADDED | 0x5, 1),
        expected=(FRAME_SIZE, PROTOCOL),
    ),
    case(
        "6.2",
        "shorter than its priority",
        frame(HEADERS, 0x25, 1, b"\0\0\0"),
        expected=(FRAME_SIZE, PROTOCOL),
    ),
    case(
        "6.2",
        "no END_HEADERS, then PRIORITY",
        headers(1, REQUEST, end_headers=False) + priority(1) + continuation(1, MORE),
        expected=PROTOCOL,
    ),
    case(
        "6.2",
        "no END_HEADERS, then HEADERS of another stream",
        headers(1, REQUEST, end_headers=False) + headers(3, REQUEST),
        expected=PROTOCOL,
    ),
    case(
        "6.2",
        "trailers of a request",
        CALL_HEADERS + data(1, end=False) + headers(1, MORE, end=True),
        expected=response(),
    ),
    case(
        "6.2",
        "trailers with padding and priority",
        CALL_HEADERS + data(1, end=False) + headers(1, MORE, end=True, padding=3, depends_on=0),
        expected=response(),
    ),
]

PRIORITY_CASES = [
    case("6.3", "weight 1", priority(1, weight=0) + call(), expected=response()),
    case("6.3", "weight 256", priority(1, weight=255) + call(), expected=response()),
    case("6.3", "a dependency", priority(3, depends_on=1) + call(), expected=response()),
    case("6.3", "exclusive", priority(1, exclusive=True) + call(), expected=response()),
    case("6.3", "an idle stream above the call's", priority(3) + call(), expected=response()),
    case("6.3", "during a call", CALL_HEADERS + priority(1) + data(1), expected=response()),
    case("6.3", "stream 0", priority(0), expected=PROTOCOL),
    case(
        "6.3",
        "a length of 4",
        headers(1, HOLD) + frame(PRIORITY, 0, 1, b"\x80\0\0\x01"),
        expected=(stream_error(FRAME_SIZE_ERROR), FRAME_SIZE),
    ),
    case(
        "6.3",
        "a length of 6 on an idle stream",
        frame(PRIORITY, 0, 1, bytes(6)),
        expected=(stream_error(FRAME_SIZE_ERROR), FRAME_SIZE),
    ),
]

RST_STREAM_CASES = [
    case("6.4", "an open stream", headers(1, HOLD) + rst_stream(1) + ping(), expected=pong()),
    case("6.4", "stream 0", rst_stream(0), expected=PROTOCOL),
    case("6.4", "an idle stream", rst_stream(1), expected=PROTOCOL),
    case(
        "6.4",
        "a length of 3",
        headers(1, HOLD) + frame(RST_STREAM, 0, 1, bytes(3)),
        expected=FRAME_SIZE,
    ),
    case(
        "6.4",
        "a length of 5",
        headers(1, HOLD) + frame(RST_STREAM, 0, 1, bytes(5)),
        expected=FRAME_SIZE,
    ),
]

CASES = [*DATA_CASES, *HEADERS_CASES, *PRIORITY_CASES, *RST_STREAM_CASES]
