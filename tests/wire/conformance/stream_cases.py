"""States, numbers and errors of streams (RFC 9113, 5)."""

from tests.wire.conformance.case import case
from tests.wire.conformance.frames import (
    INITIAL_WINDOW_SIZE,
    PING,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    STREAM_CLOSED,
    block,
    call,
    continuation,
    data,
    frame,
    headers,
    ping,
    priority,
    request,
    rst_stream,
    settings,
    window_update,
)
from tests.wire.conformance.seen import (
    NOTHING,
    connection_error,
    data_of,
    pong,
    response,
    settings_ack,
    stream_error,
)

MAX_STREAMS = 10
"""The setting announced by the server under test."""

HOLD = request(path=b"/test.Echo/Hold")
HELD = headers(1, HOLD) + data(1)
"""A whole request without a response: its stream is half-closed (remote)."""

RESET = headers(1, HOLD) + rst_stream(1)
MORE = block([(b"x-more", b"1")])
# A withheld response keeps the stream open.
NO_WINDOW = settings({INITIAL_WINDOW_SIZE: 0})
ON_A_CLOSED_STREAM = (
    stream_error(STREAM_CLOSED),
    connection_error(STREAM_CLOSED),
)

CASES = [
    case("5.1", "idle: DATA", data(1), expected=connection_error(PROTOCOL_ERROR)),
    case("5.1", "idle: RST_STREAM", rst_stream(1), expected=connection_error(PROTOCOL_ERROR)),
    case(
        "5.1",
        "idle: WINDOW_UPDATE",
        window_update(1, 100),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "5.1",
        "idle: CONTINUATION",
        continuation(1, MORE),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case("5.1", "idle: PRIORITY", priority(1) + ping(), expected=pong()),
    case(
        "5.1",
        "idle: DATA on a stream of the server's",
        data(2),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "5.1",
        "idle: RST_STREAM above the streams that were opened",
        call(),
        response(),
        rst_stream(3),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "5.1",
        "half-closed (remote): DATA",
        HELD + data(1),
        expected=stream_error(STREAM_CLOSED),
    ),
    case(
        "5.1",
        "half-closed (remote): HEADERS",
        HELD + headers(1, request(), end=True),
        expected=stream_error(STREAM_CLOSED),
    ),
    case(
        "5.1",
        "half-closed (remote): CONTINUATION",
        HELD + continuation(1, MORE),
        expected=(connection_error(PROTOCOL_ERROR, STREAM_CLOSED),),
    ),
    case(
        "5.1",
        "half-closed (remote): WINDOW_UPDATE lets the response go on",
        NO_WINDOW + call() + window_update(1, 1),
        data_of(1, 1),
        window_update(1, 100),
        expected=response(),
    ),
    case(
        "5.1",
        "half-closed (remote): PRIORITY",
        NO_WINDOW + call() + priority(1) + window_update(1, 100),
        expected=response(),
    ),
    case("5.1", "half-closed (remote): RST_STREAM", HELD + rst_stream(1) + ping(), expected=pong()),
    case(
        "5.1", "open: RST_STREAM", headers(1, request()) + rst_stream(1) + ping(), expected=pong()
    ),
    case("5.1", "closed: DATA after RST_STREAM", RESET + data(1), expected=ON_A_CLOSED_STREAM),
    case(
        "5.1",
        "closed: HEADERS after RST_STREAM",
        RESET + headers(1, request(), end=True),
        expected=ON_A_CLOSED_STREAM,
    ),
    case(
        "5.1",
        "closed: CONTINUATION after RST_STREAM",
        RESET + continuation(1, MORE),
        expected=connection_error(STREAM_CLOSED, PROTOCOL_ERROR),
    ),
    case("5.1", "closed: RST_STREAM after RST_STREAM", RESET + rst_stream(1), expected=NOTHING),
    case("5.1", "closed: DATA", call(), response(), data(1), expected=ON_A_CLOSED_STREAM),
    case(
        "5.1",
        "closed: HEADERS",
        call(),
        response(),
        headers(1, request(), end=True),
        expected=connection_error(STREAM_CLOSED),
    ),
    case(
        "5.1",
        "closed: CONTINUATION",
        call(),
        response(),
        continuation(1, MORE),
        expected=connection_error(STREAM_CLOSED, PROTOCOL_ERROR),
    ),
    case("5.1", "closed: PRIORITY", call(), response(), priority(1) + ping(), expected=pong()),
    case("5.1", "closed: WINDOW_UPDATE", call(), response(), window_update(1, 1), expected=NOTHING),
    case("5.1", "closed: RST_STREAM", call(), response(), rst_stream(1), expected=NOTHING),
    case(
        "5.1.1",
        "an even number",
        headers(2, request(), end=True),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "5.1.1",
        "a smaller number than before",
        headers(5, HOLD) + headers(3, request(), end=True),
        # Skipped stream numbers count as closed, and RFC 9113 treats HEADERS there like this.
        expected=connection_error(PROTOCOL_ERROR, STREAM_CLOSED),
    ),
    case("5.1.1", "numbers with gaps", call(5) + call(77), response(77), expected=response(5)),
    case(
        "5.1.2",
        "more streams than were announced",
        b"".join(headers(1 + 2 * number, HOLD) for number in range(MAX_STREAMS + 1)),
        stream_error(REFUSED_STREAM, PROTOCOL_ERROR, stream=1 + 2 * MAX_STREAMS),
        # Finished streams make room.
        rst_stream(1),
        expected=NOTHING,
    ),
    case(
        "5.1.2",
        "as many streams as were announced",
        b"".join(headers(1 + 2 * number, request()) for number in range(MAX_STREAMS)),
        b"".join(data(1 + 2 * number) for number in range(MAX_STREAMS)),
        response(1),
        expected=response(1 + 2 * (MAX_STREAMS - 1)),
    ),
    case(
        "5.3.1",
        "HEADERS that depend on themselves",
        headers(1, request(), end=True, depends_on=1),
        # RFC 9113 has removed priorities: a server may ignore dependencies.
        expected=(stream_error(PROTOCOL_ERROR), connection_error(PROTOCOL_ERROR)),
    ),
    case(
        "5.3.1",
        "PRIORITY that depends on itself",
        headers(1, HOLD) + priority(1, depends_on=1),
        expected=(stream_error(PROTOCOL_ERROR), connection_error(PROTOCOL_ERROR)),
    ),
    case(
        "5.3.1",
        "PRIORITY of an idle stream that depends on itself",
        priority(1, depends_on=1),
        expected=(stream_error(PROTOCOL_ERROR), connection_error(PROTOCOL_ERROR)),
    ),
    case(
        "5.4.1",
        "an error of the connection ends it",
        frame(PING, 0, 3, bytes(8)),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "5.4.1",
        "an error of the connection ends it though calls are open",
        HELD + frame(PING, 0, 3, bytes(8)),
        expected=connection_error(PROTOCOL_ERROR),
    ),
    case(
        "5.4.2",
        "frames that cross a RST_STREAM are no error",
        headers(1, request((b"Upper", b"1")), end=False),
        stream_error(PROTOCOL_ERROR),
        data(1, end=False) + headers(1, block([(b"x-trailer", b"1")]), end=True),
        expected=NOTHING,
    ),
    case(
        "5.4.2",
        "an error of one stream leaves others alone",
        NO_WINDOW,
        settings_ack(),
        call(1) + headers(3, request((b"Upper", b"1")), end=True),
        stream_error(PROTOCOL_ERROR, stream=3),
        window_update(1, 1000),
        expected=response(1),
    ),
]
