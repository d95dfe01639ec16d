"""Frames of a server to a channel, by RFC 9113 up to section 7.

In each case the channel has sent a whole request on stream 1.
"""

from tests.wire.conformance.channel_case import (
    ANSWERED,
    BROKEN,
    ChannelCase,
    answered,
    broken,
    unreadable,
)
from tests.wire.conformance.frames import (
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    ENABLE_PUSH,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADERS,
    HELLO,
    INITIAL_WINDOW_SIZE,
    LARGEST_WINDOW,
    MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE,
    NO_ERROR,
    PADDED,
    PING,
    PRIORITY,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    STREAM_CLOSED,
    WINDOW_UPDATE,
    block,
    continuation,
    data,
    frame,
    goaway,
    headers,
    ping,
    priority,
    rst_stream,
    settings,
    window_update,
)
from tests.wire.conformance.seen import (
    connection_end,
    connection_error,
    pong,
    settings_ack,
)
from tests.wire.conformance.upstream import HEAD, head, reply, trailers

UNKNOWN = 0x16
MORE = block([(b"x-more", b"1")])
BODY = data(1, end=False)
INFORMATIONAL = headers(1, block([(b":status", b"103"), (b"link", b"x")]))

CONNECTION_CASES = [
    ChannelCase("3.4", "no SETTINGS first", (ping(),), BROKEN, connection_error(1), greeted=False),
    ChannelCase(
        "3.4",
        "HTTP/1.1",
        (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
        BROKEN,
        connection_end(),
        greeted=False,
    ),
    ChannelCase("3.4", "nothing but the end", (b"",), ANSWERED, greeted=False),
    answered("4.1", "unknown type", frame(UNKNOWN, 0, 0, bytes(8)) + ping(), pong(), reply(1)),
    answered("4.1", "undefined flags", frame(PING, 0x16, 0, b"12345678") + reply(1), said=pong()),
    answered("4.1", "reserved bit", frame(PING, 0, 1 << 31, b"12345678") + reply(1), said=pong()),
    answered(
        "4.2",
        "DATA of 2^14 octets",
        head(1) + data(1, HELLO[:1] + b"\0\0\x3f\xfb" + bytes(16379), end=False) + trailers(1),
    ),
    broken(
        "4.2",
        "DATA above SETTINGS_MAX_FRAME_SIZE",
        head(1) + data(1, bytes(16385)),
        code=FRAME_SIZE_ERROR,
    ),
    broken(
        "4.2",
        "HEADERS above SETTINGS_MAX_FRAME_SIZE",
        headers(1, bytes(16385)),
        code=FRAME_SIZE_ERROR,
    ),
    broken("4.3", "a block that cannot be decoded", headers(1, b"\x40"), code=COMPRESSION_ERROR),
    broken(
        "4.3",
        "trailers that cannot be decoded",
        head(1) + BODY + headers(1, b"\x80", end=True),
        code=COMPRESSION_ERROR,
    ),
    broken(
        "4.3",
        "an update above the table's size",
        headers(1, b"\x3f\xe2\x1f" + block(HEAD)),
        code=COMPRESSION_ERROR,
    ),
    broken(
        "4.3",
        "PRIORITY within a block",
        headers(1, block(HEAD), end_headers=False) + priority(1),
        code=PROTOCOL_ERROR,
    ),
    broken("5.1", "idle: DATA", data(99), code=PROTOCOL_ERROR),
    broken("5.1", "idle: HEADERS", headers(99, block(HEAD)), code=PROTOCOL_ERROR),
    broken("5.1", "idle: RST_STREAM", rst_stream(99), code=PROTOCOL_ERROR),
    broken("5.1", "idle: WINDOW_UPDATE", window_update(99, 1), code=PROTOCOL_ERROR),
    broken("5.1", "idle: CONTINUATION", continuation(1, MORE), code=PROTOCOL_ERROR),
    answered("5.1", "idle: PRIORITY", priority(99) + reply(1)),
    broken("5.1", "a stream of the server's: DATA", data(2), code=PROTOCOL_ERROR),
    broken(
        "5.1", "a stream of the server's: HEADERS", headers(2, block(HEAD)), code=PROTOCOL_ERROR
    ),
    broken("5.1", "a stream of the server's: RST_STREAM", rst_stream(2), code=PROTOCOL_ERROR),
    ChannelCase(
        "5.1",
        "closed: HEADERS",
        (reply(1) + head(1),),
        (*ANSWERED, *BROKEN),
        connection_error(STREAM_CLOSED),
    ),
    answered("5.1", "closed: RST_STREAM NO_ERROR", reply(1) + rst_stream(1, NO_ERROR)),
    answered("5.1", "closed: WINDOW_UPDATE", reply(1) + window_update(1, 1)),
    answered("5.1", "closed: PRIORITY", reply(1) + priority(1)),
    broken("5.4.1", "an error of the connection", frame(PING, 0, 3, bytes(8)), code=PROTOCOL_ERROR),
    answered("5.5", "unknown setting", settings({0xFF: 1}), settings_ack(2), reply(1)),
    broken(
        "5.5",
        "unknown type within a block",
        headers(1, block(HEAD), end_headers=False) + frame(UNKNOWN, 0, 0),
        code=PROTOCOL_ERROR,
    ),
]

FRAME_CASES = [
    answered("6.1", "padding", head(1) + data(1, end=False, padding=7) + trailers(1)),
    broken("6.1", "stream 0", data(0), code=PROTOCOL_ERROR),
    broken(
        "6.1",
        "padding longer than the frame",
        head(1) + frame(DATA, PADDED, 1, b"\x06Test"),
        code=PROTOCOL_ERROR,
    ),
    unreadable("6.1", "DATA ahead of HEADERS", data(1)),
    answered(
        "6.2",
        "padding and priority",
        headers(1, block(HEAD), padding=9, depends_on=0) + BODY + trailers(1),
    ),
    broken("6.2", "stream 0", headers(0, block(HEAD)), code=PROTOCOL_ERROR),
    broken(
        "6.2",
        "padding longer than the frame",
        frame(HEADERS, PADDED | 4, 1, b"\xff" + MORE),
        code=PROTOCOL_ERROR,
    ),
    broken("6.3", "stream 0", priority(0), code=PROTOCOL_ERROR),
    unreadable("6.3", "a length of 4", frame(PRIORITY, 0, 1, bytes(4)), code=FRAME_SIZE_ERROR),
    broken("6.4", "stream 0", rst_stream(0), code=PROTOCOL_ERROR),
    broken("6.4", "a length of 3", frame(RST_STREAM, 0, 1, bytes(3)), code=FRAME_SIZE_ERROR),
    broken("6.5", "ACK with a payload", frame(SETTINGS, 1, 0, b"\0"), code=FRAME_SIZE_ERROR),
    broken("6.5", "a stream", frame(SETTINGS, 0, 1, bytes(6)), code=PROTOCOL_ERROR),
    broken("6.5", "a length of 3", frame(SETTINGS, 0, 0, bytes(3)), code=FRAME_SIZE_ERROR),
    broken("6.5.2", "ENABLE_PUSH of 1", settings({ENABLE_PUSH: 1}), code=PROTOCOL_ERROR),
    answered("6.5.2", "ENABLE_PUSH of 0", settings({ENABLE_PUSH: 0}) + reply(1)),
    broken(
        "6.5.2",
        "INITIAL_WINDOW_SIZE of 2^31",
        settings({INITIAL_WINDOW_SIZE: 1 << 31}),
        code=FLOW_CONTROL_ERROR,
    ),
    broken(
        "6.5.2", "MAX_FRAME_SIZE of 16383", settings({MAX_FRAME_SIZE: 16383}), code=PROTOCOL_ERROR
    ),
    broken(
        "6.5.2", "MAX_FRAME_SIZE of 2^24", settings({MAX_FRAME_SIZE: 1 << 24}), code=PROTOCOL_ERROR
    ),
    answered(
        "6.5.2",
        "MAX_CONCURRENT_STREAMS that is lowered below the open calls",
        settings({MAX_CONCURRENT_STREAMS: 0}) + reply(1) + settings({MAX_CONCURRENT_STREAMS: 9}),
    ),
    answered(
        "6.5.3", "each frame is acknowledged", settings() + settings(), settings_ack(3), reply(1)
    ),
    broken(
        "6.6", "PUSH_PROMISE", frame(PUSH_PROMISE, 4, 1, b"\0\0\0\x02" + MORE), code=PROTOCOL_ERROR
    ),
    answered("6.7", "PING", ping() + reply(1), said=pong()),
    broken("6.7", "a stream", frame(PING, 0, 1, bytes(8)), code=PROTOCOL_ERROR),
    broken("6.7", "a length of 6", frame(PING, 0, 0, bytes(6)), code=FRAME_SIZE_ERROR),
    answered("6.7", "ACK that was not asked for", ping(ack=True) + reply(1)),
    broken("6.8", "a stream", goaway(stream=1), code=PROTOCOL_ERROR),
    broken("6.8", "a length of 7", frame(GOAWAY, 0, 0, bytes(7)), code=FRAME_SIZE_ERROR),
    answered("6.8", "GOAWAY above the call", goaway(1), reply(1)),
    answered("6.8", "GOAWAY in two steps", goaway(LARGEST_WINDOW) + ping() + goaway(1) + reply(1)),
    answered("6.8", "GOAWAY below the call: it is tried elsewhere", goaway(0)),
    *(
        answered("7", f"GOAWAY with code {code} below the call", goaway(0, code, b"debug"))
        for code in (*range(15), 0xFF, 0xFFFFFFFF)
    ),
    *(
        answered("7", f"GOAWAY with code {code} above the call", goaway(1, code) + reply(1))
        for code in (*range(15), 0xFF)
    ),
    broken("6.9", "an increment of 0", window_update(0, 0), code=PROTOCOL_ERROR),
    unreadable("6.9", "an increment of 0 of a stream", window_update(1, 0)),
    broken("6.9", "a length of 3", frame(WINDOW_UPDATE, 0, 0, bytes(3)), code=FRAME_SIZE_ERROR),
    broken(
        "6.9.1",
        "the connection's window above 2^31-1",
        window_update(0, LARGEST_WINDOW) * 2,
        code=FLOW_CONTROL_ERROR,
    ),
    unreadable(
        "6.9.1",
        "a stream's window above 2^31-1",
        window_update(1, LARGEST_WINDOW) * 2,
        code=FLOW_CONTROL_ERROR,
    ),
    answered(
        "6.10",
        "CONTINUATION",
        headers(1, block(HEAD)[:9], end_headers=False)
        + continuation(1, block(HEAD)[9:12], end_headers=False)
        + continuation(1, block(HEAD)[12:])
        + BODY
        + trailers(1),
    ),
    broken(
        "6.10",
        "stream 0",
        headers(1, block(HEAD), end_headers=False) + continuation(0, MORE),
        code=PROTOCOL_ERROR,
    ),
    broken(
        "6.10",
        "DATA behind HEADERS without END_HEADERS",
        headers(1, block(HEAD), end_headers=False) + data(1),
        code=PROTOCOL_ERROR,
    ),
    broken(
        "6.10",
        "behind DATA",
        head(1) + data(1, end=False) + frame(CONTINUATION, 4, 1, MORE),
        code=PROTOCOL_ERROR,
    ),
]

CASES = [*CONNECTION_CASES, *FRAME_CASES]
