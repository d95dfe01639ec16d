"""Requests as HTTP messages (RFC 9113, 8)."""

from tests.wire.conformance.case import Case, case
from tests.wire.conformance.frames import (
    HELLO,
    PROTOCOL_ERROR,
    REQUEST,
    block,
    call,
    data,
    headers,
    request,
)
from tests.wire.conformance.seen import (
    connection_error,
    grpc_status,
    http_status,
    response,
    stream_error,
)

UNIMPLEMENTED = 12

MALFORMED = (
    stream_error(PROTOCOL_ERROR),
    # Section 8.1.1 lets a server answer before it resets.
    http_status(400),
)


def malformed(section: str, name: str, header_block: bytes) -> Case:
    """A request with a malformed header list."""
    return case(section, name, headers(1, header_block) + data(1), expected=MALFORMED)


def with_length(length: bytes, *bodies: bytes) -> bytes:
    """A call with a declared body length."""
    frames = [data(1, body, end=body is bodies[-1]) for body in bodies]
    return headers(1, request((b"content-length", length))) + b"".join(frames)


TRAILER = (b"x-trailer", b"1")
HALVES = [HELLO[:4], HELLO[4:]]
LENGTH = b"%d" % len(HELLO)

CASES = [
    case("8.1", "a call", call(), expected=response()),
    case(
        "8.1",
        "a second HEADERS without END_STREAM",
        headers(1, request()) + data(1, end=False) + headers(1, block([TRAILER])),
        expected=stream_error(PROTOCOL_ERROR),
    ),
    case(
        "8.1",
        "a second HEADERS without END_STREAM and without data before",
        headers(1, request()) + headers(1, block([TRAILER])),
        expected=stream_error(PROTOCOL_ERROR),
    ),
    case(
        "8.1",
        "DATA behind trailers",
        headers(1, request(path=b"/test.Echo/Hold"))
        + headers(1, block([TRAILER]), end=True)
        + data(1),
        expected=(stream_error(5), connection_error(5), grpc_status(UNIMPLEMENTED)),
    ),
    case("8.1.1", "content-length", with_length(LENGTH, HELLO), expected=response()),
    case(
        "8.1.1", "content-length of two frames", with_length(LENGTH, *HALVES), expected=response()
    ),
    case(
        "8.1.1",
        "content-length that is equal twice",
        call(1, HELLO, (b"content-length", LENGTH), (b"content-length", LENGTH)),
        expected=(response(), *MALFORMED),
    ),
    case("8.1.1", "content-length below", with_length(b"1", HELLO), expected=MALFORMED),
    case(
        "8.1.1", "content-length below, two frames", with_length(b"1", *HALVES), expected=MALFORMED
    ),
    case("8.1.1", "content-length above", with_length(b"11", HELLO), expected=MALFORMED),
    case(
        "8.1.1",
        "content-length above, ended by trailers",
        headers(1, request((b"content-length", b"11")))
        + data(1, end=False)
        + headers(1, block([TRAILER]), end=True),
        expected=MALFORMED,
    ),
    case(
        "8.1.1",
        "content-length of a request without a body",
        headers(1, request((b"content-length", b"1")), end=True),
        expected=MALFORMED,
    ),
    *(
        malformed("8.1.1", f"content-length {value!r}", request((b"content-length", value)))
        for value in (b"-1", b"+10", b"1e1", b"", b"\xd9\xa1", b"10, 11", b"1" * 40)
    ),
    malformed("8.2", "an upper-case name", request((b"X-Test", b"1"))),
    malformed("8.2.1", "an empty name", request((b"", b"1"))),
    *(
        malformed("8.2.1", f"the name {name!r}", request((name, b"1")))
        for name in (b"a b", b" a", b"a:b", b"a\x00", b"a\r\n", b"a\x7f", b"a\xe4", b'a"b', b"a(")
    ),
    *(
        malformed("8.2.1", f"the value {value!r}", request((b"x-test", value)))
        for value in (b"a\0b", b"a\rb", b"a\nb", b" a", b"a ", b"\ta", b"a\t", b" ")
    ),
    case(
        "8.2.1",
        "a value with spaces within",
        call(1, HELLO, (b"x-a", b"a b\tc")),
        expected=response(),
    ),
    case(
        "8.2.1",
        "a value with octets above 127",
        call(1, HELLO, (b"x-a", b"\xe4\xff")),
        expected=response(),
    ),
    case("8.2.1", "an empty value", call(1, HELLO, (b"x-a", b"")), expected=response()),
    *(
        malformed("8.2.2", f"the field {name.decode()}", request((name, value)))
        for name, value in (
            (b"connection", b"keep-alive"),
            (b"proxy-connection", b"keep-alive"),
            (b"keep-alive", b"timeout=5"),
            (b"transfer-encoding", b"chunked"),
            (b"upgrade", b"h2c"),
            (b"te", b"trailers, deflate"),
            (b"te", b"gzip"),
        )
    ),
    malformed("8.3", "an unknown pseudo-header", block([(b":test", b"ok"), *REQUEST])),
    malformed("8.3", "the response's pseudo-header", block([(b":status", b"200"), *REQUEST])),
    malformed("8.3", "a pseudo-header behind a field", block([(b"x-test", b"ok"), *REQUEST])),
    malformed("8.3", "an upper-case pseudo-header", block([(b":Path", b"/"), *REQUEST])),
    malformed("8.3", "a pseudo-header without a name", block([(b":", b"/"), *REQUEST])),
    case(
        "8.3",
        "a pseudo-header in trailers",
        headers(1, request())
        + data(1, end=False)
        + headers(1, block([(b":method", b"POST")]), end=True),
        expected=MALFORMED,
    ),
    malformed("8.3.1", "an empty :path", request(path=b"")),
    malformed("8.3.1", "no :path", request(path=None)),
    malformed("8.3.1", "no :method", request(method=None)),
    malformed("8.3.1", "an empty :method", request(method=b"")),
    malformed("8.3.1", "no :scheme", request(scheme=None)),
    malformed("8.3.1", "no pseudo-header at all", block(REQUEST[4:])),
    malformed("8.3.1", "no field at all", b""),
    *(
        malformed("8.3.1", f"{name.decode()} twice", block([(name, value), *REQUEST]))
        for name, value in REQUEST[:4]
    ),
    case(
        "8.3.1", "no :authority", headers(1, request(authority=None)) + data(1), expected=response()
    ),
    case(
        "8.3.1",
        "a :path that is no path",
        headers(1, request(path=b"test.Echo/Echo")) + data(1),
        expected=(*MALFORMED, grpc_status(UNIMPLEMENTED)),
    ),
    malformed("8.5", "CONNECT with :path", request(method=b"CONNECT")),
]
