"""PUSH_PROMISE, PING, GOAWAY, CONTINUATION (RFC 9113, 6), and the error codes (7)."""

from tests.wire.conformance.case import case
from tests.wire.conformance.frames import (
    CONTINUATION,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GOAWAY,
    PING,
    PROTOCOL_ERROR,
    block,
    continuation,
    data,
    frame,
    goaway,
    headers,
    ping,
    request,
    rst_stream,
    settings,
)
from tests.wire.conformance.seen import (
    NOTHING,
    Expectation,
    connection_end,
    connection_error,
    pong,
    response,
)
from tests.wire.conformance.stream_cases import HOLD

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


NO_PONG_FOR_A_PONG = Expectation(
    "PING with ACK for the second one only", lambda seen: seen.pongs == [b"expected"]
)

CASES = [
    case(
        "6.6",
        "PUSH_PROMISE",
        headers(1, HOLD) + frame(5, 4, 1, b"\0\0\0\x02" + REQUEST),
        expected=PROTOCOL,
    ),
    case("6.7", "PING", ping(), expected=pong()),
    case(
        "6.7",
        "PING with ACK, then one without",
        ping(b"excepted", ack=True) + ping(b"expected"),
        expected=NO_PONG_FOR_A_PONG,
    ),
    case("6.7", "a stream", frame(PING, 0, 1, bytes(8)), expected=PROTOCOL),
    case("6.7", "a length of 6", frame(PING, 0, 0, bytes(6)), expected=FRAME_SIZE),
    case("6.7", "a length of 9", frame(PING, 0, 0, bytes(9)), expected=FRAME_SIZE),
    case("6.7", "ACK of a length of 0", frame(PING, 1, 0), expected=FRAME_SIZE),
    case("6.8", "GOAWAY", goaway(debug=b"debug") + ping(), expected=(pong(), connection_end())),
    case("6.8", "GOAWAY during a call", CALL_HEADERS + goaway() + data(1), expected=response()),
    case("6.8", "a stream", goaway(stream=1), expected=PROTOCOL),
    case("6.8", "a length of 7", frame(GOAWAY, 0, 0, bytes(7)), expected=FRAME_SIZE),
    case(
        "6.10",
        "one CONTINUATION",
        headers(1, PIECES[0], end_headers=False) + continuation(1, PIECES[1] + PIECES[2]) + data(1),
        expected=response(),
    ),
    case(
        "6.10",
        "several CONTINUATIONs",
        headers(1, PIECES[0], end_headers=False)
        + continuation(1, PIECES[1], end_headers=False)
        + continuation(1, PIECES[2])
        + data(1),
        expected=response(),
    ),
    case(
        "6.10",
        "empty ones",
        headers(1, b"", end_headers=False)
        + continuation(1, b"", end_headers=False)
        + continuation(1, REQUEST)
        + data(1),
        expected=response(),
    ),
    case(
        "6.10",
        "END_STREAM is that of HEADERS",
        CALL_HEADERS
        + data(1, end=False)
        + headers(1, b"", end=True, end_headers=False)
        + continuation(1, MORE),
        expected=response(),
    ),
    case(
        "6.10",
        "padding of HEADERS",
        headers(1, PIECES[0], end_headers=False, padding=4)
        + continuation(1, PIECES[1] + PIECES[2])
        + data(1),
        expected=response(),
    ),
    case(
        "6.10",
        "another frame behind CONTINUATION",
        headers(1, REQUEST, end_headers=False) + continuation(1, MORE, end_headers=False) + data(1),
        expected=PROTOCOL,
    ),
    case(
        "6.10",
        "stream 0",
        headers(1, REQUEST, end_headers=False) + continuation(0, MORE),
        expected=PROTOCOL,
    ),
    case(
        "6.10",
        "another stream",
        headers(1, REQUEST, end_headers=False) + continuation(3, MORE),
        expected=PROTOCOL,
    ),
    case(
        "6.10",
        "behind HEADERS with END_HEADERS",
        headers(1, HOLD) + continuation(1, MORE),
        expected=PROTOCOL,
    ),
    case(
        "6.10",
        "behind CONTINUATION with END_HEADERS",
        headers(1, HOLD, end_headers=False) + continuation(1, MORE) + continuation(1, MORE),
        expected=PROTOCOL,
    ),
    case(
        "6.10",
        "behind DATA",
        headers(1, HOLD) + data(1, end=False) + frame(CONTINUATION, 0, 1, MORE),
        expected=PROTOCOL,
    ),
    case(
        "7",
        "GOAWAY with an unknown code",
        goaway(code=0xFF) + ping(),
        expected=(pong(), connection_end()),
    ),
    case(
        "7",
        "RST_STREAM with an unknown code",
        headers(1, HOLD) + rst_stream(1, 0xFF) + ping(),
        expected=pong(),
    ),
    *(
        case(
            "7",
            f"GOAWAY with code {code}",
            goaway(code=code) + ping(),
            expected=(pong(), connection_end()),
        )
        for code in range(1, 15)
    ),
    *(
        case(
            "7",
            f"RST_STREAM with code {code}",
            headers(1, HOLD) + rst_stream(1, code),
            expected=NOTHING,
        )
        for code in range(15)
    ),
]
