"""Frames of a test peer, right and wrong (RFC 9113, 4 and 6).

Does not use `wire`: the code under test does not check itself.
"""

import struct
from collections.abc import Iterable, Mapping

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(5, 10)

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
HAS_PRIORITY = 0x20

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = range(4)
SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM = range(4, 8)
CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(8, 12)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST_WINDOW = 2**31 - 1

Fields = list[tuple[bytes, bytes]]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def string(text: bytes) -> bytes:
    """A string literal of HPACK, of up to 16,510 octets."""
    length = len(text)
    if length < 127:
        return bytes((length,)) + text
    length -= 127
    if length < 128:
        return bytes((127, length)) + text
    return bytes((127, length & 127 | 128, length >> 7)) + text


def block(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A header block of literals, independent of any table."""
    return b"".join(b"\x00" + string(name) + string(value) for name, value in fields)


PATH = b"/test.Echo/Echo"
REQUEST: Fields = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", PATH),
    (b":authority", b"localhost"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
]


def request(*more: tuple[bytes, bytes], **pseudo: bytes | None) -> bytes:
    """The block of a request. `path=…` replaces :path, None leaves it out. The rest is added."""
    fields = []
    for name, value in REQUEST:
        given = pseudo.get(name[1:].decode(), value) if name.startswith(b":") else value
        if given is not None:
            fields.append((name, given))
    return block([*fields, *more])


def message(body: bytes) -> bytes:
    """A length-prefixed message of gRPC."""
    return struct.pack(">BI", 0, len(body)) + body


HELLO = message(b"hello")


def headers(  # noqa: PLR0913 - the fields of the frame.
    stream: int,
    header_block: bytes,
    *,
    end: bool = False,
    end_headers: bool = True,
    depends_on: int | None = None,
    padding: int | None = None,
) -> bytes:
    flags = END_STREAM * end | END_HEADERS * end_headers
    payload = header_block
    if depends_on is not None:
        flags |= HAS_PRIORITY
        payload = struct.pack(">IB", depends_on, 255) + payload
    if padding is not None:
        flags |= PADDED
        payload = bytes((padding,)) + payload + bytes(padding)
    return frame(HEADERS, flags, stream, payload)


def data(
    stream: int, body: bytes = HELLO, *, end: bool = True, padding: int | None = None
) -> bytes:
    flags = END_STREAM * end
    if padding is not None:
        flags |= PADDED
        body = bytes((padding,)) + body + bytes(padding)
    return frame(DATA, flags, stream, body)


def call(
    stream: int = 1, body: bytes = HELLO, *more: tuple[bytes, bytes], path: bytes = PATH
) -> bytes:
    """A whole unary call."""
    return headers(stream, request(*more, path=path)) + data(stream, body)


def continuation(stream: int, fragment: bytes, *, end_headers: bool = True) -> bytes:
    return frame(CONTINUATION, END_HEADERS * end_headers, stream, fragment)


def priority(
    stream: int, depends_on: int = 0, weight: int = 15, *, exclusive: bool = False
) -> bytes:
    return frame(PRIORITY, 0, stream, struct.pack(">IB", depends_on | exclusive << 31, weight))


def rst_stream(stream: int, code: int = CANCEL) -> bytes:
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def settings(values: Mapping[int, int] | Iterable[tuple[int, int]] = ()) -> bytes:
    pairs = values.items() if isinstance(values, Mapping) else values
    payload = b"".join(struct.pack(">HI", key, value) for key, value in pairs)
    return frame(SETTINGS, 0, 0, payload)


SETTINGS_ACK = frame(SETTINGS, ACK, 0)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS = 1, 2, 3
INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = 4, 5, 6


def ping(payload: bytes = b"12345678", *, ack: bool = False) -> bytes:
    return frame(PING, ACK * ack, 0, payload)


def goaway(last: int = 0, code: int = NO_ERROR, debug: bytes = b"", stream: int = 0) -> bytes:
    return frame(GOAWAY, 0, stream, struct.pack(">II", last, code) + debug)


def window_update(stream: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))
